"""The blended score: several ways to a candidate, hubs discounted, weights saturated; whole numbers throughout.

A way over connection v to candidate c counts log2(1 + weight) / log2(2 + degree of v), as Adamic and Adar discount
common neighbours (Friends and neighbors on the Web, Social Networks 25, 2003); the sum is divided by a power of the
candidate's popularity. For rooms there is a second source, rooms whose members are those of the user's rooms; and for
both what is popular in the user's community.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from recs_batch.graph.files import WeightedRows
from recs_batch.graph.rows import Indices, Rows, append, count_keys, reserve
from recs_batch.graph.second_hop import Way
from recs_batch.graph.tally import add, clear, mask_for, new_tally
from recs_batch.parameters import UNITS_PER_ENGAGEMENT, Blend
from recs_batch.recommendations import REASONS

BLEND_UNIT = 1 << 20
_CONNECTION, _ROOM = REASONS.index("connection"), REASONS.index("room")
_LOGARITHM, _DISCOUNT, _COSINE, _FACTOR = 16, 256, 1024, 4096  # what 1 is as a whole number
MOST_SIMILAR = 50  # similar rooms, or popular items of a community, are considered
COMMUNITY_WEIGHT = 16


def blended_ways(
    blend: Blend, near: WeightedRows, links: Rows, then: WeightedRows, rooms: WeightedRows | None, similar: WeightedRows
) -> tuple[Way, ...]:
    """Return the ways over the links of connections, over those closest to them, and over similar rooms."""
    discount = _discounts(links)
    heavy = saturated(near.weights) * discount[near.targets]
    ways = [
        Way(
            _CONNECTION, near.bounds, near.targets, _whole(blend.follows * heavy / 4),
            links.starts, links.ends, links.targets, np.empty(0, np.int32),
        ),
        Way(
            _CONNECTION, near.bounds, near.targets, _whole(blend.closest * discount[near.targets] / 4),
            then.bounds[:-1], then.bounds[1:], then.targets, _whole(saturated(then.weights)),
        ),
    ]  # fmt: skip
    if rooms is not None:
        ways.append(
            Way(
                _ROOM, rooms.bounds, rooms.targets, _whole(blend.rooms * saturated(rooms.weights) / 4),
                similar.bounds[:-1], similar.bounds[1:], similar.targets, similar.weights,
            )
        )  # fmt: skip
    return tuple(ways)


def popularity_factors(links: Rows, items: int, power: float) -> npt.NDArray[np.int64]:
    """Return what to multiply a candidate's score by: (1 + linked users) ** -power, 1 being 4096."""
    popularity = np.zeros(items, np.int64)
    for start in range(0, len(links.targets), 1 << 22):
        popularity += np.bincount(links.targets[start : start + (1 << 22)], minlength=items)
    return np.maximum(np.rint(_FACTOR * (1.0 + popularity) ** -power), 1).astype(np.int64)


def saturated(weights: Indices) -> npt.NDArray[np.float64]:
    """Return 16 log2(1 + engagement), rounded."""
    rounded: npt.NDArray[np.float64] = np.rint(_LOGARITHM * np.log2(1 + weights / UNITS_PER_ENGAGEMENT))
    return rounded


def similar_rooms(subscriptions: Rows, rooms: int) -> WeightedRows:
    """Return the 50 rooms most similar to each by the cosine of their members, 1 being 1024; ties by index."""
    counts = np.zeros(rooms, np.int64)
    count_keys(subscriptions.targets, counts)
    members = reserve(counts, with_ages=False)
    people = np.repeat(np.arange(len(subscriptions.starts), dtype=np.int32), subscriptions.ends - subscriptions.starts)
    append(subscriptions.targets, people, np.empty(0, np.uint16), members)
    lengths, targets, weights = _most_similar(members, subscriptions, counts, MOST_SIMILAR)
    return WeightedRows(np.concatenate([[0], np.cumsum(lengths)]), targets, weights)


def _discounts(links: Rows) -> npt.NDArray[np.float64]:
    discounts: npt.NDArray[np.float64] = np.rint(_DISCOUNT / np.log2(2.0 + (links.ends - links.starts)))
    return discounts


def _whole(values: npt.NDArray[np.float64]) -> Indices:
    return np.rint(values).astype(np.int32)


@njit(cache=True, nogil=True)
def _most_similar(
    members: Rows, joined: Rows, sizes: npt.NDArray[np.int64], most: int
) -> tuple[npt.NDArray[np.int64], Indices, Indices]:
    rooms = len(sizes)
    lengths = np.zeros(rooms, np.int64)
    targets, weights = np.empty(rooms * most, np.int32), np.empty(rooms * most, np.int32)
    tally, mask, end = new_tally(rooms), mask_for(rooms), 0
    for room in range(rooms):
        count = 0
        for place in range(members.starts[room], members.ends[room]):
            member = members.targets[place]
            for there in range(joined.starts[member], joined.ends[member]):
                count = add(tally, mask, count, joined.targets[there], 1)
        found = np.empty(count, np.int64)
        for entry in range(count):
            other = tally.keys[tally.filled[entry]]
            cosine = tally.sums[tally.filled[entry]] / np.sqrt(np.float64(sizes[room]) * np.float64(sizes[other]))
            found[entry] = 0 if other == room else (np.int64(np.rint(cosine * 1024)) << 32) - other
        clear(tally, count)
        found = np.sort(found)[::-1][:most]
        for key in found:
            weight = (key + (1 << 31)) >> 32
            if weight > 0:
                targets[end], weights[end] = (weight << 32) - key, weight
                end += 1
                lengths[room] += 1
    return lengths, targets[:end].copy(), weights[:end].copy()
