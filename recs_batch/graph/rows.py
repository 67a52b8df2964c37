"""Pairs as compressed rows, built by a counting sort from two passes over a Parquet table."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from recs_batch.graph.slots import Slots, find

Indices = npt.NDArray[np.int32]
Positions = npt.NDArray[np.int64]
Ages = npt.NDArray[np.uint16]

MICROSECONDS_PER_DAY = 86_400_000_000
OLDEST = np.iinfo(np.uint16).max  # ages in days are counted up to here


class Rows(NamedTuple):
    """Row i has `targets[starts[i] : ends[i]]`, and their `ages` in days unless that is empty."""

    starts: Positions
    ends: Positions
    targets: Indices
    ages: Ages


def empty_rows(count: int) -> Rows:
    """Return rows that have nothing in them."""
    nowhere = np.zeros(count, np.int64)
    return Rows(nowhere, nowhere, np.empty(0, np.int32), np.empty(0, np.uint16))


def reserve(counts: Positions, with_ages: bool) -> Rows:
    """Return empty rows with room for `counts[i]` targets in row i; `ends` moves as they are filled."""
    starts = np.zeros(len(counts), np.int64)
    np.cumsum(counts[:-1], out=starts[1:])
    total = int(counts.sum())
    return Rows(starts, starts.copy(), np.empty(total, np.int32), np.empty(total if with_ages else 0, np.uint16))


@njit(cache=True, nogil=True, inline="always")
def age_in_days(instant: int, end: int) -> int:
    """Return how many calendar days (UTC) lie between an instant and the day that ends at `end`."""
    return min((end - 1 - instant) // MICROSECONDS_PER_DAY, OLDEST)


@njit(cache=True, nogil=True)
def count_sources(ids: Positions, sources: Slots, counts: Positions) -> None:
    """Add to `counts` how many of `ids` each source has."""
    for place in range(len(ids)):
        slot = find(sources, ids[place])
        if slot >= 0:
            counts[sources.values[slot]] += 1


@njit(cache=True, nogil=True)
def scatter(
    source_ids: Positions,
    target_ids: Positions,
    instants: Positions,
    sources: Slots,
    targets: Slots,
    rows: Rows,
    by_place: bool,
    end: int,
) -> tuple[int, int, int]:
    """Append pairs to the rows of their sources.

    The target is the value at the target's slot, or the slot's place itself (`by_place`). `instants` (microseconds,
    like `end`, which is a midnight) may be empty when time does not matter; pairs from `end` on are left out. Returns
    how many were late, had no source, had no target.
    """
    late = without_source = without_target = 0
    for place in range(len(source_ids)):
        age = 0
        if len(instants):
            if instants[place] >= end:
                late += 1
                continue
            age = age_in_days(instants[place], end)
        source = find(sources, source_ids[place])
        if source < 0:
            without_source += 1
            continue
        target = find(targets, target_ids[place])
        if target < 0:
            without_target += 1
            continue
        row = sources.values[source]
        free = rows.ends[row]
        rows.targets[free] = target if by_place else targets.values[target]
        if len(rows.ages):
            rows.ages[free] = age
        rows.ends[row] = free + 1
    return late, without_source, without_target


@njit(cache=True, nogil=True)
def sort_and_merge(rows: Rows, without_self: bool) -> int:
    """Sort every row by target and keep each target once, with its smallest age; returns how many were repeats."""
    repeats = 0
    for row in range(len(rows.starts)):
        start, end = rows.starts[row], rows.ends[row]
        order = np.argsort(rows.targets[start:end], kind="mergesort")
        targets = rows.targets[start:end][order]
        ages = rows.ages[start:end][order] if len(rows.ages) else rows.ages
        kept = start
        for place in range(len(targets)):
            if without_self and targets[place] == row:
                continue
            if kept > start and rows.targets[kept - 1] == targets[place]:
                repeats += 1
                if len(ages):
                    rows.ages[kept - 1] = min(rows.ages[kept - 1], ages[place])
                continue
            rows.targets[kept] = targets[place]
            if len(ages):
                rows.ages[kept] = ages[place]
            kept += 1
        rows.ends[row] = kept
    return repeats


@njit(cache=True, nogil=True)
def count_keys(keys: Indices, counts: Positions) -> None:
    """Add to `counts` how often each key occurs that is not negative."""
    for place in range(len(keys)):
        if keys[place] >= 0:
            counts[keys[place]] += 1


@njit(cache=True, nogil=True)
def append(keys: Indices, values: Indices, ages: Ages, rows: Rows) -> None:
    """Append `values[i]` to row `keys[i]`, skipping negative keys."""
    for place in range(len(keys)):
        row = keys[place]
        if row >= 0:
            free = rows.ends[row]
            rows.targets[free] = values[place]
            if len(rows.ages):
                rows.ages[free] = ages[place]
            rows.ends[row] = free + 1
