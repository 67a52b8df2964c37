"""How candidates are reached."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from recs_batch.graph.rows import Indices, Positions

MOST_WAYS = 5


class Way(NamedTuple):
    """How to get from users to candidates: over user u's vias, on to each via's targets.

    User u has `vias[via_bounds[u] : via_bounds[u + 1]]` with `via_weights`, via v has
    `targets[target_starts[v] : target_ends[v]]` with `target_weights`. A way counts the product of both weights;
    empty weights count 1, and targets without weights are sorted. `reason` is what the way is called in a
    recommendation's reasons.
    """

    reason: int
    via_bounds: Positions
    vias: Indices
    via_weights: Indices
    target_starts: Positions
    target_ends: Positions
    targets: Indices
    target_weights: Indices


def padded(ways: Iterable[Way], users: int) -> tuple[Way, ...]:
    """Return the ways and as many that lead nowhere as make `MOST_WAYS`: code is compiled for one number of them."""
    nothing, nowhere = np.empty(0, np.int32), np.zeros(users + 1, np.int64)
    empty = Way(0, nowhere, nothing, nothing, nowhere[:-1], nowhere[1:], nothing, nothing)
    given = tuple(ways)
    return given + (empty,) * (MOST_WAYS - len(given))
