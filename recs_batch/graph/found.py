"""What ranking works on and what it finds."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from recs_batch.graph.files import Positions, Rows
from recs_batch.graph.ids import Indices
from recs_batch.recommendations import REASONS

MOST_REASONS = 15  # are told; of more the heaviest
CONNECTION, ROOM, NEIGHBOURHOOD, OVERALL = range(len(REASONS))
Scores = npt.NDArray[np.int64]


class Model(NamedTuple):
    """What scores are made of: links J to users and rooms, and rows of P for these sources."""

    to_users: Rows
    to_rooms: Rows
    from_users: Rows
    from_rooms: Rows


class Candidates(NamedTuple):
    """Whom not to recommend to a user, `excluded[bounds[u] : bounds[u + 1]]`; how often what sinks is halved for them.

    And all that is popular, the most first.
    """

    bounds: Positions
    excluded: Indices
    sunk: Rows
    popular: Indices
    counts: Scores

    def of(self, user: int) -> Indices:
        """Return whom not to recommend to a user."""
        return self.excluded[self.bounds[user] : self.bounds[user + 1]]


class Found(NamedTuple):
    """Up to `top` items for each of some users, best first, and for each item its reasons, heaviest first."""

    counts: Positions
    items: npt.NDArray[np.int32]
    scores: Scores
    reason_counts: npt.NDArray[np.int32]
    kinds: npt.NDArray[np.int8]
    reasons: npt.NDArray[np.int32]
    weights: Scores

    @classmethod
    def reserve(cls, users: int, top: int, told: int) -> Found:
        """Return room for `top` items of each user, and for `told` reasons of each item."""
        return cls(
            np.zeros(users, np.int64),
            np.zeros((users, top), np.int32),
            np.zeros((users, top), np.int64),
            np.zeros((users, top), np.int32),
            np.zeros((users, top, told), np.int8),
            np.zeros((users, top, told), np.int32),
            np.zeros((users, top, told), np.int64),
        )
