"""The reasons for a recommendation: over which connections and rooms it was reached, and what each counted."""

from __future__ import annotations

import numpy as np
from numba import njit

from recs_batch.graph.found import Found
from recs_batch.graph.ways import Way

MOST_REASONS = 15  # as many as `closest` may be; of more only the heaviest are told


@njit(cache=True, nogil=True)
def explain(ways: tuple[Way, ...], user: int, item: int, led_here: int, exact: bool, found: Found, start: int) -> int:
    """Write the heaviest reasons for an item behind `start`, ties by kind and index, and return how many there are.

    `led_here` has the bits of the vias that lead to the item; not `exact` if a bit may be of several vias.
    """
    end, number = start, 0
    for way in ways:
        for place in range(way.via_bounds[user], way.via_bounds[user + 1]):
            if led_here & (np.uint64(1) << np.uint64(number & 63)):
                weight = int(way.via_weights[place]) if len(way.via_weights) else 1
                if not exact or len(way.target_weights):
                    weight *= _target_weight(way, way.vias[place], item)
                if weight > 0:
                    end = _add_reason(way.reason, way.vias[place], weight, found, start, end)
            number += 1
    return min(end - start, MOST_REASONS)


@njit(cache=True, nogil=True)
def _target_weight(way: Way, via: int, item: int) -> int:
    """Return what an item weighs among a via's targets, 0 if it is none of them."""
    low, high = way.target_starts[via], way.target_ends[via]
    if len(way.target_weights):
        for place in range(low, high):
            if way.targets[place] == item:
                return int(way.target_weights[place])
        return 0
    place = low + np.searchsorted(way.targets[low:high], item)
    return 1 if place < high and way.targets[place] == item else 0


@njit(cache=True, nogil=True)
def _add_reason(kind: int, via: int, weight: int, found: Found, start: int, end: int) -> int:
    for place in range(start, end):
        if found.reasons[place] == via and found.reason_kinds[place] == kind:  # another way over the same via
            weight += found.reason_weights[place]
            for later in range(place, end - 1):
                _copy_reason(found, later + 1, later)
            end -= 1
            break
    to = end
    while to > start and _reason_before(kind, via, weight, found, to - 1):
        _copy_reason(found, to - 1, to)
        to -= 1
    found.reason_kinds[to], found.reasons[to], found.reason_weights[to] = kind, via, weight
    return end + 1


@njit(cache=True, nogil=True, inline="always")
def _copy_reason(found: Found, source: int, target: int) -> None:
    found.reason_kinds[target] = found.reason_kinds[source]
    found.reasons[target] = found.reasons[source]
    found.reason_weights[target] = found.reason_weights[source]


@njit(cache=True, nogil=True, inline="always")
def _reason_before(kind: int, via: int, weight: int, found: Found, place: int) -> bool:
    if weight != found.reason_weights[place]:
        return weight > found.reason_weights[place]
    if kind != found.reason_kinds[place]:
        return kind < found.reason_kinds[place]
    return via < found.reasons[place]
