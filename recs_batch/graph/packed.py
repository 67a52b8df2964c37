"""Compressed rows with target and weight in one number, and how compiled code asks for a row before it reads it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from recs_batch.graph.files import Positions, Rows

BITS = 32  # a weight's
WEIGHT = (1 << BITS) - 1
Entries = npt.NDArray[np.int64]


class Packed(NamedTuple):
    """Row i has `entries[bounds[i] : bounds[i + 1]]`, each `target << BITS | weight`: one read brings both."""

    bounds: Positions
    entries: Entries

    def unpacked(self) -> Rows:
        """Return targets and weights apart."""
        targets, weights = self.entries >> BITS, self.entries & WEIGHT
        return Rows(self.bounds, targets.astype(np.int32), weights.astype(np.int32))


def pack(targets: npt.NDArray[Any], weights: npt.NDArray[Any]) -> Entries:
    """Return targets and weights as entries, with no more memory than these."""
    entries: Entries = targets.astype(np.int64)
    entries <<= BITS
    entries |= weights
    return entries
