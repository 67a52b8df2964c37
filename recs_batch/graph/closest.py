"""The closest users or rooms of every user: the heaviest of their engagement."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from recs_batch.graph.engagement import Weighted, Weights
from recs_batch.graph.rows import Indices, Positions, Rows


@njit(cache=True, nogil=True)
def closest_block(
    bounds: Positions,
    targets: Indices,
    weights: Weights,
    active: npt.NDArray[np.bool_],
    hidden: Rows,
    most: int,
    first: int,
    last: int,
) -> Weighted:
    """Return the `most` heaviest targets of the users from `first` to `last`, ties by index.

    Row i has `targets[bounds[i] : bounds[i + 1]]`. Targets that are inactive, or hidden from the user, are left out.
    """
    counts = np.zeros(last - first, np.int64)
    chosen, heaviest = np.empty((last - first) * most, np.int32), np.empty((last - first) * most, np.int32)
    end = 0
    for user in range(first, last):
        count = 0
        for place in range(bounds[user], bounds[user + 1]):
            target, weight = targets[place], weights[place]
            if not active[target] or is_in(hidden, user, target):
                continue
            if count == most and not _before(weight, target, heaviest[end + most - 1], chosen[end + most - 1]):
                continue
            at = end + min(count, most - 1)
            while at > end and _before(weight, target, heaviest[at - 1], chosen[at - 1]):
                heaviest[at], chosen[at] = heaviest[at - 1], chosen[at - 1]
                at -= 1
            heaviest[at], chosen[at] = weight, target
            count = min(count + 1, most)
        counts[user - first] = count
        end += count
    return Weighted(counts, chosen[:end].copy(), heaviest[:end].copy())


@njit(cache=True, nogil=True, inline="always")
def _before(weight: int, target: int, other_weight: int, other: int) -> bool:
    return weight > other_weight or (weight == other_weight and target < other)


@njit(cache=True, nogil=True, inline="always")
def is_in(rows: Rows, row: int, target: int) -> bool:
    """Tell whether a row of sets, sorted by target, has this target."""
    low, high = rows.starts[row], rows.ends[row]
    while low < high:
        middle = (low + high) // 2
        if rows.targets[middle] < target:
            low = middle + 1
        else:
            high = middle
    return low < rows.ends[row] and rows.targets[low] == target
