"""Similarities over compressed rows, compiled: what `dense` does with full matrices."""

from __future__ import annotations

import numpy as np
from numba import njit

from recs_batch.graph.files import Positions
from recs_batch.graph.ids import Indices
from recs_batch.graph.packed import BITS, WEIGHT, Packed
from recs_batch.graph.prefetch import fetch
from recs_batch.graph.similarity import MOST, SCALE_OF_SUMS, UNITS_PER_SIMILARITY, VALUE_BITS, Keys, Reals


@njit(cache=True, nogil=True)
def members_of(rows: Packed, targets: int) -> Packed:
    """Turn rows around: who is linked to each target, with the scaled weight."""
    bounds = np.zeros(targets + 1, np.int64)
    for entry in rows.entries:
        bounds[(entry >> BITS) + 1] += 1
    for target in range(targets):
        bounds[target + 1] += bounds[target]
    free, entries = bounds.copy(), np.empty(bounds[-1], np.int64)
    for user in range(len(rows.bounds) - 1):
        for place in range(rows.bounds[user], rows.bounds[user + 1]):
            target = rows.entries[place] >> BITS
            entries[free[target]] = (user << BITS) | (rows.entries[place] & WEIGHT)
            free[target] += 1
    return Packed(bounds, entries)


@njit(cache=True, nogil=True)
def similar_block(
    sources: Indices,
    members: Packed,
    rows: Packed,
    factors: Reals,
    others: Reals,
    limits: Positions,
    eighths: int,
    shift: int,
) -> Keys:
    """Return the greatest similarities of some sources, a number each: place of the source, target and similarity.

    `factors` and `limits`, how many similarities to keep, are of these sources, `others` of all targets; ties by index.
    """
    sums, touched = np.zeros(len(others), np.int64), np.empty(len(others) + 1, np.int32)
    values, targets = np.empty(2 * MOST, np.float64), np.empty(2 * MOST, np.int32)
    found, end = np.empty(limits.sum(), np.int64), 0
    for number in range(len(sources)):
        count = _add_up(sources[number], members, rows, sums, touched)
        filled, least, kept = 0, 0.0, limits[number]
        for entry in range(count):
            target = touched[entry]
            value = sums[target] * SCALE_OF_SUMS * (factors[number] * others[target])
            sums[target] = 0
            if value < least:
                continue
            values[filled], targets[filled] = value, target
            filled += 1
            if filled == 2 * kept:
                _put_greatest_first(values, targets, filled, kept)
                filled, least = kept, values[:kept].min()
        if filled > kept:
            _put_greatest_first(values, targets, filled, kept)
        for entry in range(min(filled, kept)):
            similarity = np.int64(np.floor(UNITS_PER_SIMILARITY * _power(values[entry], eighths) + 0.5))
            if similarity > 0:
                similarity = min(similarity, np.int64((1 << VALUE_BITS) - 1))
                found[end] = (number << shift) | (np.int64(targets[entry]) << VALUE_BITS) | similarity
                end += 1
    return found[:end].copy()


@njit(cache=True, nogil=True)
def _add_up(source: int, members: Packed, rows: Packed, sums: Keys, touched: Indices) -> int:
    """Add a source's products to `sums`, list in `touched` what they are of, and return how many.

    Whether a target is new cannot be foreseen, so it is always listed, and kept where it is new: no branch.
    """
    count = 0
    for place in range(members.bounds[source], members.bounds[source + 1]):
        if place + 1 < len(members.entries):
            fetch(rows, members.entries[place + 1] >> BITS)
        user, weight = members.entries[place] >> BITS, members.entries[place] & WEIGHT
        for there in range(rows.bounds[user], rows.bounds[user + 1]):
            target = rows.entries[there] >> BITS
            before = sums[target]
            touched[count] = target
            count += before == 0
            sums[target] = before + weight * (rows.entries[there] & WEIGHT)
    return count


@njit(cache=True, nogil=True, inline="always")
def _power(value: float, eighths: int) -> float:
    product, root, bit = 1.0, value, 8
    while bit:
        if eighths & bit:
            product *= root
        root = np.sqrt(root)
        bit >>= 1
    return product


@njit(cache=True, nogil=True)
def _put_greatest_first(values: Reals, targets: Indices, count: int, kept: int) -> None:
    """Order `count` values so far that the first `kept` are the greatest, ties by target (Hoare's selection)."""
    low, high = 0, count - 1
    while low < high:
        value, target = values[(low + high) // 2], targets[(low + high) // 2]
        left, right = low, high
        while left <= right:
            while values[left] > value or (values[left] == value and targets[left] < target):
                left += 1
            while values[right] < value or (values[right] == value and targets[right] > target):
                right -= 1
            if left <= right:
                values[left], values[right] = values[right], values[left]
                targets[left], targets[right] = targets[right], targets[left]
                left, right = left + 1, right - 1
        if kept <= right:
            high = right
        elif kept > left:
            low = left
        else:
            return
