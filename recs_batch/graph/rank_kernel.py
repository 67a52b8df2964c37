"""The best candidates of every user: scores J P, what may not be recommended left out, and the reasons."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from recs_batch.graph.files import Rows
from recs_batch.graph.found import CONNECTION, NEIGHBOURHOOD, OVERALL, ROOM, Candidates, Found, Scores
from recs_batch.graph.ids import Indices
from recs_batch.graph.packed import BITS, WEIGHT, Packed
from recs_batch.graph.prefetch import fetch

_EXCLUDED, _SUNK = -(1 << 62), -(1 << 61)


@njit(cache=True, nogil=True)
def rank_block(
    to_users: Rows,
    to_rooms: Rows,
    from_users: Packed,
    from_rooms: Packed,
    candidates: Candidates,
    items: int,
    users: Indices,
    unit: int,
    found: Found,
) -> None:
    """Put the best of `items` for each of `users`, ties by index, into `found`, which is empty.

    Scores are made of links J to users and rooms, and the rows of P for these sources. What is popular fills up with a
    score of 0, what sinks last.
    """
    sums, touched, ranks = np.zeros(items, np.int64), np.empty(items + 1, np.int32), np.zeros(items, np.uint8)
    told = found.kinds.shape[2]
    for row in range(len(users)):
        user = users[row]
        filled = _exclude(candidates, user, sums, touched)
        filled = _add(to_users, from_users, user, sums, touched, filled)
        filled = _add(to_rooms, from_rooms, user, sums, touched, filled)
        filled = _sink(candidates.sunk, user, sums, touched, filled)
        chosen = _select(sums, touched, filled, row, found)
        found.counts[row] = _fill(candidates, sums, unit, found, row, chosen)
        for entry in range(filled):
            sums[touched[entry]] = 0
        if told:
            for rank in range(chosen):
                ranks[found.items[row, rank]] = rank + 1
            _explain(to_users, from_users, CONNECTION, user, ranks, found, row)
            _explain(to_rooms, from_rooms, ROOM, user, ranks, found, row)
            for rank in range(chosen):
                ranks[found.items[row, rank]] = 0


@njit(cache=True, nogil=True)
def _exclude(candidates: Candidates, user: int, sums: Scores, touched: Indices) -> int:
    filled = 0
    for place in range(candidates.bounds[user], candidates.bounds[user + 1]):
        touched[filled] = candidates.excluded[place]
        sums[touched[filled]] = _EXCLUDED
        filled += 1
    return filled


@njit(cache=True, nogil=True)
def _add(links: Rows, similar: Packed, user: int, sums: Scores, touched: Indices, filled: int) -> int:
    for place in range(links.bounds[user], links.bounds[user + 1]):
        if place + 1 < len(links.targets):
            fetch(similar, links.targets[place + 1])
        source, weight = links.targets[place], np.int64(links.weights[place])
        for there in range(similar.bounds[source], similar.bounds[source + 1]):
            item = similar.entries[there] >> BITS
            before = sums[item]
            touched[filled] = item  # whether it is new cannot be foreseen: without a branch
            filled += before == 0
            sums[item] = before + weight * (similar.entries[there] & WEIGHT)
    return filled


@njit(cache=True, nogil=True)
def _sink(sunk: Rows, user: int, sums: Scores, touched: Indices, filled: int) -> int:
    """Halve the scores of what sinks, down to 1, and mark what has none."""
    for place in range(sunk.bounds[user], sunk.bounds[user + 1]):
        item = sunk.targets[place]
        if sums[item] > 0:
            sums[item] = max(sums[item] >> np.int64(sunk.weights[place]), 1)
        elif sums[item] == 0:
            touched[filled] = item
            filled += 1
            sums[item] = _SUNK
    return filled


@njit(cache=True, nogil=True)
def _select(sums: Scores, touched: Indices, filled: int, row: int, found: Found) -> int:
    best, scores = found.items, found.scores
    chosen, top, least = 0, best.shape[1], 1
    for entry in range(filled):
        item = touched[entry]
        score = sums[item]
        if score < least or (chosen == top and score == least and item > best[row, top - 1]):
            continue
        to = min(chosen, top - 1)
        while to > 0 and _before(score, item, scores[row, to - 1], best[row, to - 1]):
            scores[row, to], best[row, to] = scores[row, to - 1], best[row, to - 1]
            to -= 1
        scores[row, to], best[row, to] = score, item
        chosen = min(chosen + 1, top)
        if chosen == top:
            least = scores[row, top - 1]
    return chosen


@njit(cache=True, nogil=True, inline="always")
def _before(score: int, item: int, other_score: int, other: int) -> bool:
    return score > other_score or (score == other_score and item < other)


@njit(cache=True, nogil=True)
def _fill(candidates: Candidates, sums: Scores, unit: int, found: Found, row: int, chosen: int) -> int:
    """Add what is popular and has no score, then what is popular and sinks."""
    for kept in (0, _SUNK):
        for place in range(len(candidates.popular)):
            if chosen == found.items.shape[1]:
                return chosen
            item = candidates.popular[place]
            if sums[item] == kept:
                found.items[row, chosen] = item
                if found.kinds.shape[2]:
                    _tell(found, row, chosen, OVERALL, 0, candidates.counts[place] * unit)
                chosen += 1
    return chosen


@njit(cache=True, nogil=True)
def _explain(
    links: Rows, similar: Packed, kind: int, user: int, ranks: npt.NDArray[np.uint8], found: Found, row: int
) -> None:
    """Tell by which of a user's links the items were reached that have a rank, from 1."""
    for place in range(links.bounds[user], links.bounds[user + 1]):
        source, weight = links.targets[place], np.int64(links.weights[place])
        told = NEIGHBOURHOOD if kind == CONNECTION and source == user else kind
        for there in range(similar.bounds[source], similar.bounds[source + 1]):
            rank = ranks[similar.entries[there] >> BITS]
            if rank:
                _tell(found, row, rank - 1, told, source, weight * (similar.entries[there] & WEIGHT))


@njit(cache=True, nogil=True)
def _tell(found: Found, row: int, rank: int, kind: int, reason: int, weight: int) -> None:
    """Put a reason among those of an item: the heaviest first, ties in the order in which they come."""
    kinds, reasons, weights = found.kinds, found.reasons, found.weights
    count, most = found.reason_counts[row, rank], kinds.shape[2]
    if count == most and weights[row, rank, count - 1] >= weight:
        return
    to = min(count, most - 1)
    while to > 0 and weights[row, rank, to - 1] < weight:
        kinds[row, rank, to], reasons[row, rank, to] = kinds[row, rank, to - 1], reasons[row, rank, to - 1]
        weights[row, rank, to] = weights[row, rank, to - 1]
        to -= 1
    kinds[row, rank, to], reasons[row, rank, to], weights[row, rank, to] = kind, reason, weight
    found.reason_counts[row, rank] = min(count + 1, most)
