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


Share = Annotated[float, Field(ge=0, le=16)]


class Blend(BaseModel):
    """The blended score's weights: one for each source of candidates.

    For users `follows` is whom the user's neighbours follow, `followers` who follows those, `closest` those closest
    to them, `rooms` the members of the user's rooms. For rooms `follows` is what the neighbours joined, `closest` the
    rooms closest to them, `rooms` rooms like the user's own. `community` is what is popular in the user's community.
    """

    model_config = ConfigDict(frozen=True)

    follows: Share = 0.0
    followers: Share = 0.0
    closest: Share = 0.0
    rooms: Share = 0.0
    community: Share = 0.0


class Parameters(BaseModel):
    """The algorithm's parameters: `closest` connections per user, `top` items per user, how candidates are scored.

    The scorer `count` is the algorithm of 2019 with one of its second hops; `blend` weighs several sources.
    """

    model_config = ConfigDict(frozen=True)

    closest: Annotated[int, Field(ge=1, le=15)] = 10
    top: Annotated[int, Field(ge=1, le=100)] = 5
    scorer: Scorer = "blend"
    second_hop: SecondHop = "follows"
    blend_users: Blend = Blend(follows=1, followers=0.25, closest=0.25, rooms=0.5)
    blend_rooms: Blend = Blend(follows=0.12, closest=0.05, rooms=1, community=0.25)
    weights: EventWeights = EventWeights()
    half_life_days: Annotated[float, Field(gt=0)] | None = None
