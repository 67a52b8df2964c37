"""The second hop: candidates over a user's closest connections, scored, filtered, ranked and explained in one pass."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from recs_batch.graph.rows import Indices, Positions, Rows
from recs_batch.graph.tally import FREE, Tally, add, clear, mask_for, new_tally, place_of

Kinds = npt.NDArray[np.int8]
Scores = npt.NDArray[np.int64]

_EXCLUDED = -(1 << 62)


class Way(NamedTuple):
    """How to get from users to candidates: over user u's vias, on to each via's targets.

    User u has `vias[via_bounds[u] : via_bounds[u + 1]]` with `via_weights`, via v has
    `targets[target_starts[v] : target_ends[v]]` with `target_weights`. A way counts the product of both weights;
    empty weights count 1. `reason` is what the way is called in a recommendation's reasons.
    """

    reason: int
    via_bounds: Positions
    vias: Indices
    via_weights: Indices
    target_starts: Positions
    target_ends: Positions
    targets: Indices
    target_weights: Indices


class Candidates(NamedTuple):
    """Who may be recommended to whom: active items, but none that the user is linked to or hidden from, nor itself.

    Scores are multiplied by the item's `factors` unless those are empty.
    """

    active: npt.NDArray[np.bool_]
    linked: Rows
    hidden: Rows
    are_users: bool
    factors: Scores


class Found(NamedTuple):
    """A block's recommendations: user i has the next `counts[i]` items, item j the next `reason_counts[j]` reasons."""

    counts: Positions
    items: Indices
    scores: Scores
    reason_counts: Positions
    reason_kinds: Kinds
    reasons: Indices
    reason_weights: Scores


@njit(cache=True, nogil=True)
def recommend_block(
    ways: tuple[Way, ...], candidates: Candidates, served: npt.NDArray[np.bool_], top: int, first: int, last: int
) -> Found:
    """Return the `top` best candidates of the active (`served`) users from `first` to `last`, ties by index."""
    found = _reserve(last - first, top, 8 * top)
    tally, bits = new_tally(1024), np.zeros(2048, np.uint64)
    best, scores = np.empty(top, np.int32), np.empty(top, np.int64)
    items = reasons = 0
    for user in range(first, last):
        if not served[user]:
            continue
        most = min(_most_candidates(ways, user), len(candidates.active))
        if most == 0:
            continue
        most += _excluded_count(candidates, user)
        mask = mask_for(most)
        if mask >= len(tally.keys):
            tally, bits = new_tally(most), np.zeros(mask + 1, np.uint64)
        count = _exclude(candidates, user, tally, mask)
        count = _collect(ways, user, tally, bits, mask, count)
        chosen = _select(candidates, tally, count, best, scores)
        if reasons + chosen * 64 > len(found.reasons):
            found = _with_more_reasons(found, reasons)
        for rank in range(chosen):
            found.items[items], found.scores[items] = best[rank], scores[rank]
            factor = candidates.factors[best[rank]] if len(candidates.factors) else 1
            led_here = bits[place_of(tally, mask, best[rank])]
            found.reason_counts[items] = _explain(ways, user, best[rank], led_here, factor, found, reasons)
            reasons += found.reason_counts[items]
            items += 1
        found.counts[user - first] = chosen
        for entry in range(count):
            bits[tally.filled[entry]] = 0
        clear(tally, count)
    return _trimmed(found, items, reasons)


@njit(cache=True, nogil=True)
def _most_candidates(ways: tuple[Way, ...], user: int) -> int:
    most = 0
    for way in ways:
        for place in range(way.via_bounds[user], way.via_bounds[user + 1]):
            via = way.vias[place]
            most += way.target_ends[via] - way.target_starts[via]
    return most


@njit(cache=True, nogil=True)
def _excluded_count(candidates: Candidates, user: int) -> int:
    linked, hidden = candidates.linked, candidates.hidden
    return linked.ends[user] - linked.starts[user] + hidden.ends[user] - hidden.starts[user] + 1


@njit(cache=True, nogil=True)
def _exclude(candidates: Candidates, user: int, tally: Tally, mask: int) -> int:
    count = 0
    if candidates.are_users:
        count = add(tally, mask, count, user, _EXCLUDED)
    for rows in (candidates.linked, candidates.hidden):
        for place in range(rows.starts[user], rows.ends[user]):
            at = place_of(tally, mask, rows.targets[place])
            if tally.keys[at] == FREE:
                tally.keys[at] = rows.targets[place]
                tally.sums[at] = _EXCLUDED
                tally.filled[count] = at
                count += 1
    return count


@njit(cache=True, nogil=True)
def _collect(
    ways: tuple[Way, ...], user: int, tally: Tally, bits: npt.NDArray[np.uint64], mask: int, count: int
) -> int:
    """Add up every candidate's score, and note which vias (at most 64 on all ways together) lead to it."""
    bit = np.uint64(1)
    for way in ways:
        for place in range(way.via_bounds[user], way.via_bounds[user + 1]):
            via = way.vias[place]
            weight = int(way.via_weights[place]) if len(way.via_weights) else 1
            for there in range(way.target_starts[via], way.target_ends[via]):
                at = place_of(tally, mask, way.targets[there])
                if tally.keys[at] == FREE:
                    tally.keys[at] = way.targets[there]
                    tally.filled[count] = at
                    count += 1
                tally.sums[at] += weight * way.target_weights[there] if len(way.target_weights) else weight
                bits[at] |= bit
            bit <<= np.uint64(1)
    return count


@njit(cache=True, nogil=True)
def _select(candidates: Candidates, tally: Tally, count: int, best: Indices, scores: Scores) -> int:
    """Put the best candidates into `best` and `scores`, in order, and return how many there are."""
    chosen = 0
    for entry in range(count):
        at = tally.filled[entry]
        score, item = tally.sums[at], tally.keys[at]
        if score <= 0 or not candidates.active[item]:
            continue
        if len(candidates.factors):
            score *= candidates.factors[item]
        if chosen == len(best) and not _before(score, item, scores[chosen - 1], best[chosen - 1]):
            continue
        to = min(chosen, len(best) - 1)
        while to > 0 and _before(score, item, scores[to - 1], best[to - 1]):
            scores[to], best[to] = scores[to - 1], best[to - 1]
            to -= 1
        scores[to], best[to] = score, item
        chosen = min(chosen + 1, len(best))
    return chosen


@njit(cache=True, nogil=True, inline="always")
def _before(score: int, item: int, other_score: int, other: int) -> bool:
    return score > other_score or (score == other_score and item < other)


@njit(cache=True, nogil=True)
def _explain(ways: tuple[Way, ...], user: int, item: int, led_here: int, factor: int, found: Found, start: int) -> int:
    """Write the reasons for an item behind `start`, the heaviest first, ties by kind and index."""
    end, bit = start, np.uint64(1)
    for way in ways:
        for place in range(way.via_bounds[user], way.via_bounds[user + 1]):
            if led_here & bit:
                weight = factor * (int(way.via_weights[place]) if len(way.via_weights) else 1)
                weight *= _target_weight(way, way.vias[place], item)
                if weight > 0:
                    end = _add_reason(way.reason, way.vias[place], weight, found, start, end)
            bit <<= np.uint64(1)
    return end - start


@njit(cache=True, nogil=True)
def _target_weight(way: Way, via: int, item: int) -> int:
    if len(way.target_weights):
        for place in range(way.target_starts[via], way.target_ends[via]):
            if way.targets[place] == item:
                return int(way.target_weights[place])
    return 1


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


@njit(cache=True, nogil=True)
def _reserve(users: int, top: int, reasons: int) -> Found:
    items, most = users * top, users * reasons + 64 * top
    return Found(
        np.zeros(users, np.int64),
        np.empty(items, np.int32),
        np.empty(items, np.int64),
        np.empty(items, np.int64),
        np.empty(most, np.int8),
        np.empty(most, np.int32),
        np.empty(most, np.int64),
    )


@njit(cache=True, nogil=True)
def _with_more_reasons(found: Found, used: int) -> Found:
    more = 2 * len(found.reasons) + 64 * 128
    kinds, reasons, weights = np.empty(more, np.int8), np.empty(more, np.int32), np.empty(more, np.int64)
    kinds[:used] = found.reason_kinds[:used]
    reasons[:used] = found.reasons[:used]
    weights[:used] = found.reason_weights[:used]
    return Found(found.counts, found.items, found.scores, found.reason_counts, kinds, reasons, weights)


@njit(cache=True, nogil=True)
def _trimmed(found: Found, items: int, reasons: int) -> Found:
    return Found(
        found.counts,
        found.items[:items].copy(),
        found.scores[:items].copy(),
        found.reason_counts[:items].copy(),
        found.reason_kinds[:reasons].copy(),
        found.reasons[:reasons].copy(),
        found.reason_weights[:reasons].copy(),
    )
