"""What a run is asked to do: the algorithm's parameters, checked once."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Kind = Literal["users", "rooms"]
KINDS: tuple[Kind, Kind] = ("users", "rooms")
SecondHop = Literal["closest", "follows"]
Scorer = Literal["count", "blend"]
Weight = Annotated[int, Field(ge=0, le=1000)]

# Weights are whole numbers of this unit, so that sums are exact and every engine gives the same bytes.
UNITS_PER_ENGAGEMENT = 1024


class EventWeights(BaseModel):
    """How much one event of each kind adds to the engagement of a user with a user or a room."""

    model_config = ConfigDict(frozen=True)

    follow: Weight = 1
    mention: Weight = 1
    like: Weight = 1
    subscription: Weight = 1
    post: Weight = 1


class Blend(BaseModel):
    """The blended score's weights.

    They are of what connections are linked to, of those closest to them, of similar rooms, and of the community;
    `popularity` is the power of a candidate's popularity that its score is divided by.
    """

    model_config = ConfigDict(frozen=True)

    follows: Annotated[int, Field(ge=1, le=64)]
    closest: Annotated[int, Field(ge=0, le=64)]
    rooms: Annotated[int, Field(ge=0, le=64)] = 0
    community: Annotated[int, Field(ge=0, le=64)] = 0
    popularity: Annotated[float, Field(ge=0, le=2)]


class Parameters(BaseModel):
    """The algorithm's parameters: `closest` connections per user, `top` items per user, how candidates are scored.

    The scorer `count` is the algorithm of 2019 with one of its second hops; `blend` weighs several sources.
    """

    model_config = ConfigDict(frozen=True)

    closest: Annotated[int, Field(ge=1, le=15)] = 10
    top: Annotated[int, Field(ge=1, le=100)] = 5
    scorer: Scorer = "blend"
    second_hop: SecondHop = "follows"
    blend_users: Blend = Blend(follows=4, closest=0, community=64, popularity=0.0)
    blend_rooms: Blend = Blend(follows=16, closest=16, community=64, popularity=0.1)
    weights: EventWeights = EventWeights()
    half_life_days: Annotated[float, Field(gt=0)] | None = None
