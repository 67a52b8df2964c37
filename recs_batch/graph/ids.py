"""From any 64-bit ids to places in a sorted array: a table of buckets, then a few steps of binary search."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Ids = npt.NDArray[np.int64]
Indices = npt.NDArray[np.int32]
MISSING = -1


def is_id(number: int) -> bool:
    """Tell whether a number has the 64 bits of an id; of others nobody knows."""
    return -(2**63) <= number < 2**63


class IdIndex:
    """Sorted distinct ids. Dense ones have a bucket each; others share buckets with few, unless they lie in clumps."""

    def __init__(self, ids: Ids) -> None:
        self.ids = ids
        span = int(ids[-1]) - int(ids[0]) if len(ids) else 0
        self._shift = np.uint64(max(0, span.bit_length() - len(ids).bit_length() - 1))
        counts = np.bincount(self._bucket(ids), minlength=(span >> int(self._shift)) + 1) if len(ids) else np.zeros(1)
        self._starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
        self._steps = int(counts.max()).bit_length()

    def find(self, wanted: Ids) -> Indices:
        """Return the place of every id, MISSING where there is none."""
        if not len(self.ids):
            return np.full(len(wanted), MISSING, np.int32)
        inside = (wanted >= self.ids[0]) & (wanted <= self.ids[-1])
        wanted = np.where(inside, wanted, self.ids[0])
        bucket = self._bucket(wanted)
        low, high = self._starts[bucket], self._starts[bucket + 1]
        for _ in range(self._steps):
            middle = (low + high) >> 1
            above = (low < high) & (self.ids.take(middle, mode="clip") < wanted)
            low, high = np.where(above, middle + 1, low), np.where(above, high, middle)
        inside &= self.ids.take(low, mode="clip") == wanted
        return np.where(inside, low, MISSING).astype(np.int32)

    def _bucket(self, ids: Ids) -> npt.NDArray[np.int64]:
        offsets = np.ascontiguousarray(ids).view(np.uint64) - self.ids[:1].view(np.uint64)
        return (offsets >> self._shift).astype(np.int64)
