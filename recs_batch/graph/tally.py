"""A small hash table from int32 keys to sums, used for one user after another without being allocated again."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from recs_batch.graph.slots import hashed

FREE = -1


class Tally(NamedTuple):
    """Open addressing; `filled[: count]` are the places in use, in the order of first use.

    Only the first `mask + 1` places are used at a time, so that a small tally stays in the nearest cache.
    """

    keys: npt.NDArray[np.int32]
    sums: npt.NDArray[np.int64]
    filled: npt.NDArray[np.int32]


@njit(cache=True, nogil=True)
def new_tally(most: int) -> Tally:
    """Return an empty tally for at most so many keys."""
    size = mask_for(most) + 1
    return Tally(np.full(size, FREE, np.int32), np.zeros(size, np.int64), np.empty(size, np.int32))


@njit(cache=True, nogil=True, inline="always")
def mask_for(keys: int) -> int:
    """Return the mask that keeps a tally of so many keys at most half full."""
    size = 16
    while size < 2 * keys:
        size *= 2
    return size - 1


@njit(cache=True, nogil=True, inline="always")
def place_of(tally: Tally, mask: int, key: int) -> int:
    """Return the place where a key stands, or the free one where it belongs."""
    place = hashed(key, 20) & mask
    while tally.keys[place] != FREE and tally.keys[place] != key:
        place = (place + 1) & mask
    return place


@njit(cache=True, nogil=True, inline="always")
def add(tally: Tally, mask: int, count: int, key: int, weight: int) -> int:
    """Add a weight to a key's sum; returns the number of keys."""
    place = place_of(tally, mask, key)
    if tally.keys[place] == FREE:
        tally.keys[place] = key
        tally.filled[count] = place
        count += 1
    tally.sums[place] += weight
    return count


@njit(cache=True, nogil=True, inline="always")
def clear(tally: Tally, count: int) -> None:
    """Empty a tally that holds `count` keys."""
    for entry in range(count):
        tally.keys[tally.filled[entry]] = FREE
        tally.sums[tally.filled[entry]] = 0
