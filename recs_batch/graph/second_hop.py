"""The second hop: candidates over a user's closest connections, scored, filtered, ranked and explained in one pass."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from recs_batch.graph.found import Found, Scores, reserve_found, trimmed, with_more_reasons
from recs_batch.graph.reasons import MOST_REASONS, explain
from recs_batch.graph.rows import Indices, Rows
from recs_batch.graph.tally import FREE, Tally, add, clear, mask_for, new_tally, place_of
from recs_batch.graph.ways import Way

_EXCLUDED = -(1 << 62)


class Candidates(NamedTuple):
    """Who may be recommended to whom: active items, but none that the user is linked to or hidden from, nor itself."""

    active: npt.NDArray[np.bool_]
    linked: Rows
    hidden: Rows
    are_users: bool


@njit(cache=True, nogil=True)
def recommend_block(
    ways: tuple[Way, ...], candidates: Candidates, served: npt.NDArray[np.bool_], top: int, first: int, last: int
) -> Found:
    """Return the `top` best candidates of the active (`served`) users from `first` to `last`, ties by index."""
    found = reserve_found(last - first, top, 8 * top)
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
        vias = _via_count(ways, user)
        needed = reasons + chosen * MOST_REASONS + vias
        if needed > len(found.reasons):
            found = with_more_reasons(found, reasons, needed)
        for rank in range(chosen):
            found.items[items], found.scores[items] = best[rank], scores[rank]
            led_here = bits[place_of(tally, mask, best[rank])]
            found.reason_counts[items] = explain(ways, user, best[rank], led_here, vias <= 64, found, reasons)
            reasons += found.reason_counts[items]
            items += 1
        found.counts[user - first] = chosen
        for entry in range(count):
            bits[tally.filled[entry]] = 0
        clear(tally, count)
    return trimmed(found, items, reasons)


@njit(cache=True, nogil=True)
def _most_candidates(ways: tuple[Way, ...], user: int) -> int:
    most = 0
    for way in ways:
        for place in range(way.via_bounds[user], way.via_bounds[user + 1]):
            via = way.vias[place]
            most += way.target_ends[via] - way.target_starts[via]
    return most


@njit(cache=True, nogil=True)
def _via_count(ways: tuple[Way, ...], user: int) -> int:
    count = 0
    for way in ways:
        count += way.via_bounds[user + 1] - way.via_bounds[user]
    return count


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
    """Add up every candidate's score, and note which vias lead to it; beyond 64, vias share a bit."""
    number = 0
    for way in ways:
        for place in range(way.via_bounds[user], way.via_bounds[user + 1]):
            via = way.vias[place]
            weight = int(way.via_weights[place]) if len(way.via_weights) else 1
            bit = np.uint64(1) << np.uint64(number & 63)
            for there in range(way.target_starts[via], way.target_ends[via]):
                at = place_of(tally, mask, way.targets[there])
                if tally.keys[at] == FREE:
                    tally.keys[at] = way.targets[there]
                    tally.filled[count] = at
                    count += 1
                tally.sums[at] += weight * way.target_weights[there] if len(way.target_weights) else weight
                bits[at] |= bit
            number += 1
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
