"""What a run is asked to do: the algorithm's parameters, checked once."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Kind = Literal["users", "rooms"]
KINDS: tuple[Kind, Kind] = ("users", "rooms")
SecondHop = Literal["closest", "follows"]
Scorer = Literal["filter", "count"]
Weight = Annotated[int, Field(ge=0, le=1000)]
Share = Annotated[float, Field(ge=0, le=16)]
Exponent = Annotated[float, Field(ge=0, le=1, multiple_of=0.125)]

# Weights are whole numbers of this unit, so that sums are exact and every engine gives the same bytes.
UNITS_PER_ENGAGEMENT = 1024


class EventWeights(BaseModel):
    """How much one event of each kind adds to the engagement of a user with a user or a room.

    `follow` and `subscription` count for the scorer `count` alone: for the filter these are links, not events.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    follow: Weight = 1
    mention: Weight = 1
    like: Weight = 1
    subscription: Weight = 1
    post: Weight = 1


class Filter(BaseModel):
    """A linear graph filter: what the links count from which it starts, and how they lead on.

    A follow counts 1, a membership `rooms`, everybody's link to themselves `own`: the more, the shorter the walk, for
    over it a user reaches their followers, and whom their followees follow. Much engagement counts up to `engagement`
    of a link. `popularity` is the power of an item's degree that it is divided by: 0.5 as in a cosine, less favours
    the popular. `power` is applied to every similarity: below 1 many weak ones count more. The last two are whole
    eighths, of which square roots are made, that are the same on every machine.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rooms: Share = 0.3
    own: Annotated[float, Field(gt=0, le=16)] = 4.0
    engagement: Share = 0.3
    popularity: Exponent = 0.375
    power: Annotated[float, Field(gt=0, le=1, multiple_of=0.125)] = 0.625


class Parameters(BaseModel):
    """The algorithm's parameters: `top` items per user, and how candidates are scored.

    A score is halved for every `shown_days` days, of the last 28, on which the item was shown (0: never).

    The scorer `filter` has a filter for each kind. `count` is the algorithm of 2019, in the SQL engines alone, over
    the `closest` connections per user, with one of its second hops.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    top: Annotated[int, Field(ge=1, le=100)] = 5
    scorer: Scorer = "filter"
    filter_users: Filter = Filter()
    filter_rooms: Filter = Filter(rooms=2.0)
    weights: EventWeights = EventWeights()
    half_life_days: Annotated[float, Field(gt=0)] | None = None
    shown_days: Annotated[int, Field(ge=0, le=28)] = 3
    closest: Annotated[int, Field(ge=1, le=15)] = 10
    second_hop: SecondHop = "follows"

    def filter_of(self, kind: Kind) -> Filter:
        """Return the filter of a kind."""
        return self.filter_users if kind == "users" else self.filter_rooms
