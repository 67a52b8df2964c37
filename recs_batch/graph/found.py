"""What the second hop found for a block of users, in arrays that grow as reasons are written."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from recs_batch.graph.rows import Indices, Positions

Kinds = npt.NDArray[np.int8]
Scores = npt.NDArray[np.int64]


class Found(NamedTuple):
    """A block's recommendations: user i has the next `counts[i]` items, item j the next `reason_counts[j]` reasons."""

    counts: Positions
    items: Indices
    scores: Scores
    reason_counts: Positions
    reason_kinds: Kinds
    reasons: Indices
    reason_weights: Scores


@njit(cache=True, nogil=True)
def reserve_found(users: int, top: int, reasons: int) -> Found:
    """Return room for `top` items and so many reasons for each of so many users."""
    items, most = users * top, users * reasons
    return Found(
        np.zeros(users, np.int64),
        np.empty(items, np.int32),
        np.empty(items, np.int64),
        np.empty(items, np.int64),
        np.empty(most, np.int8),
        np.empty(most, np.int32),
        np.empty(most, np.int64),
    )


@njit(cache=True, nogil=True)
def with_more_reasons(found: Found, used: int, needed: int) -> Found:
    """Return the block with room for at least `needed` reasons, of which `used` are there already."""
    more = 2 * max(len(found.reasons), needed)
    kinds, reasons, weights = np.empty(more, np.int8), np.empty(more, np.int32), np.empty(more, np.int64)
    kinds[:used] = found.reason_kinds[:used]
    reasons[:used] = found.reasons[:used]
    weights[:used] = found.reason_weights[:used]
    return Found(found.counts, found.items, found.scores, found.reason_counts, kinds, reasons, weights)


@njit(cache=True, nogil=True)
def trimmed(found: Found, items: int, reasons: int) -> Found:
    """Return the block without the room that was not used."""
    return Found(
        found.counts,
        found.items[:items].copy(),
        found.scores[:items].copy(),
        found.reason_counts[:items].copy(),
        found.reason_kinds[:reasons].copy(),
        found.reasons[:reasons].copy(),
        found.reason_weights[:reasons].copy(),
    )
