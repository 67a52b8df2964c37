"""From any 64-bit ids to places in an array: by offset where ids are dense, by open addressing where they are not."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

EMPTY = -1
_DENSE = 4  # offsets may waste this many places per id before hashing is the better use of memory


class Slots(NamedTuple):
    """A table of int32 `values` by id, -1 where there is none.

    With no `keys` the place of an id is its distance from `base`; otherwise ids stand in `keys` by Fibonacci hashing
    and linear probing (Knuth, The Art of Computer Programming 3, section 6.4), `shift` bits off the product.
    """

    keys: npt.NDArray[np.int64]
    values: npt.NDArray[np.int32]
    base: int
    shift: int


def empty_slots(count: int, smallest: int, largest: int) -> Slots:
    """Return empty slots for `count` ids between `smallest` and `largest`, both included."""
    span = largest - smallest + 1
    if span <= _DENSE * count + 1024:
        return Slots(np.empty(0, np.int64), np.full(max(span, 1), EMPTY, np.int32), smallest, 0)
    bits = max(4, (count + count // 2).bit_length())
    return Slots(np.zeros(1 << bits, np.int64), np.full(1 << bits, EMPTY, np.int32), 0, 64 - bits)


def index_of(ids: npt.NDArray[np.int64]) -> Slots:
    """Return the slots that hold the position of every id in `ids`, which are distinct."""
    slots = empty_slots(len(ids), int(ids.min(initial=0)), int(ids.max(initial=0)))
    _fill(ids, slots)
    return slots


@njit(cache=True, nogil=True, inline="always")
def hashed(key: int, shift: int) -> int:
    """Return the upper bits of a key's product with 2 ** 64 over the golden ratio, `shift` bits off."""
    product = np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)
    return np.int64(product >> np.uint64(shift))  # type: ignore[return-value]


@njit(cache=True, nogil=True, inline="always")
def find(slots: Slots, key: int) -> int:
    """Return the place of an id in the slots, or -1 if it is not there."""
    if len(slots.keys) == 0:
        if key < slots.base or key > slots.base + (len(slots.values) - 1):
            return -1
        place = key - slots.base
        return place if slots.values[place] != EMPTY else -1
    place = hashed(key, slots.shift)
    while slots.values[place] != EMPTY:
        if slots.keys[place] == key:
            return place
        place = (place + 1) & (len(slots.keys) - 1)
    return -1


@njit(cache=True, nogil=True, inline="always")
def place_for(slots: Slots, key: int) -> int:
    """Return the place where an id stands or is to be put; its key is written, its value is the caller's to write."""
    if len(slots.keys) == 0:
        return key - slots.base
    place = hashed(key, slots.shift)
    while slots.values[place] != EMPTY and slots.keys[place] != key:
        place = (place + 1) & (len(slots.keys) - 1)
    slots.keys[place] = key
    return place


@njit(cache=True, nogil=True)
def _fill(ids: npt.NDArray[np.int64], slots: Slots) -> None:
    for position in range(len(ids)):
        slots.values[place_for(slots, ids[position])] = position
