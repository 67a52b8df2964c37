"""Radix sort, compiled."""

from __future__ import annotations

import numpy as np
from numba import njit

from recs_batch.graph.reading import Column

_DIGIT = 8  # bits, so that the ends of all buckets are in the nearest cache


@njit(cache=True, nogil=True)
def sort_by_digits(keys: Column, spare: Column, bits: int) -> None:
    """Sort `keys` of so many bits digit by digit, the lowest first (Knuth, The Art of Computer Programming, 5.2.5)."""
    source, target = keys, spare
    for shift in range(0, bits, _DIGIT):
        free = np.zeros((1 << _DIGIT) + 1, np.int64)
        for key in source:
            free[((key >> shift) & ((1 << _DIGIT) - 1)) + 1] += 1
        free = np.cumsum(free)
        for key in source:
            digit = (key >> shift) & ((1 << _DIGIT) - 1)
            target[free[digit]] = key
            free[digit] += 1
        source, target = target, source
    if ((bits + _DIGIT - 1) // _DIGIT) % 2:
        keys[:] = spare
