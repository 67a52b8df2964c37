"""Similarities over compressed rows, compiled: what `dense` does with full matrices."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from recs_batch.graph.files import Positions
from recs_batch.graph.ids import Indices
from recs_batch.graph.similarity import SCALE_OF_SUMS, UNITS_PER_SIMILARITY, VALUE_BITS, Keys, Reals, Scaled

_BITS_IN_BUCKET = 46  # of a number's 52 bits behind the point: 64 buckets until it halves


class Members(NamedTuple):
    """Who is linked to each target, with the scaled weight."""

    bounds: Positions
    users: Indices
    scaled: Indices


@njit(cache=True, nogil=True)
def members_of(rows: Scaled, targets: int) -> Members:
    """Turn rows around."""
    bounds = np.zeros(targets + 1, np.int64)
    for target in rows.targets:
        bounds[target + 1] += 1
    for target in range(targets):
        bounds[target + 1] += bounds[target]
    free, users, scaled = bounds.copy(), np.empty(bounds[-1], np.int32), np.empty(bounds[-1], np.int32)
    for user in range(len(rows.bounds) - 1):
        for place in range(rows.bounds[user], rows.bounds[user + 1]):
            to = free[rows.targets[place]]
            users[to], scaled[to] = user, rows.scaled[place]
            free[rows.targets[place]] += 1
    return Members(bounds, users, scaled)


@njit(cache=True, nogil=True)
def similar_block(
    sources: Indices, members: Members, rows: Scaled, factors: Reals, others: Reals, eighths: int, kept: int, shift: int
) -> Keys:
    """Return the greatest similarities of some sources, a number each: place of the source, target and similarity.

    `factors` are of these sources, `others` of all targets; ties by index.
    """
    sums, touched = np.zeros(len(others), np.int64), np.empty(len(others), np.int32)
    values, found = np.empty(len(others), np.float64), np.empty(len(sources) * kept, np.int64)
    bits, counts, end = values.view(np.int64), np.empty(256, np.int64), 0
    for number in range(len(sources)):
        count = 0
        for place in range(members.bounds[sources[number]], members.bounds[sources[number] + 1]):
            user, weight = members.users[place], np.int64(members.scaled[place])
            for there in range(rows.bounds[user], rows.bounds[user + 1]):
                target = rows.targets[there]
                if sums[target] == 0:
                    touched[count] = target
                    count += 1
                sums[target] += weight * rows.scaled[there]
        for entry in range(count):
            values[entry] = sums[touched[entry]] * SCALE_OF_SUMS * (factors[number] * others[touched[entry]])
            sums[touched[entry]] = 0
        if count > kept:
            _put_greatest_first(values, bits, touched, count, kept, counts)
        for entry in range(min(count, kept)):
            similarity = np.int64(np.floor(UNITS_PER_SIMILARITY * _power(values[entry], eighths) + 0.5))
            if similarity > 0:
                similarity = min(similarity, np.int64((1 << VALUE_BITS) - 1))
                found[end] = (number << shift) | (np.int64(touched[entry]) << VALUE_BITS) | similarity
                end += 1
    return found[:end].copy()


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
def _put_greatest_first(values: Reals, bits: Keys, targets: Indices, count: int, kept: int, counts: Keys) -> None:
    """Move the `kept` greatest values, ties by target, to the front.

    `bits` are the values' own: positive numbers are ordered as these are, and fall into buckets by their distance from
    the greatest. Only the bucket where the last one falls has to be searched.
    """
    greatest, last = bits[:count].max(), len(counts) - 1
    counts[:] = 0
    for entry in range(count):
        counts[min((greatest - bits[entry]) >> _BITS_IN_BUCKET, last)] += 1
    cut = before = 0
    while before + counts[cut] <= kept:
        before += counts[cut]
        cut += 1
    front = middle = 0
    for wanted in range(2):
        for entry in range(front, count):
            bucket = min((greatest - bits[entry]) >> _BITS_IN_BUCKET, last)
            if bucket < cut or (wanted and bucket == cut):
                values[entry], values[middle] = values[middle], values[entry]
                targets[entry], targets[middle] = targets[middle], targets[entry]
                middle += 1
        front = front if wanted else middle
    _select(values, targets, front, middle - 1, kept)


@njit(cache=True, nogil=True)
def _select(values: Reals, targets: Indices, low: int, high: int, kept: int) -> None:
    """Order values between two places so far that the first `kept` are the greatest (Hoare's selection)."""
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
