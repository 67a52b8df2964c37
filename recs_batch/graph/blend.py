"""The blended score: several ways to a candidate, hubs discounted, engagement saturated; whole numbers throughout.

Over a neighbour v, every candidate that v leads to counts sqrt(log2(1 + engagement with v) / degree of v): between the
discounts of common neighbours by Adamic and Adar (Friends and neighbors on the Web, Social Networks 25, 2003) and by
Zhou et al. (Predicting missing links via local information, European Physical Journal B 71, 2009). Rooms are similar
by the cosine of their members (Sarwar et al., Item-based collaborative filtering, WWW 2001), of whom each counts
1 / sqrt(their rooms), so that who joins everything says little; the candidate's size counts a little less than in a
cosine. A fellow member of a room counts 1 / members.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from recs_batch.graph.files import WeightedRows
from recs_batch.graph.rows import Indices, Positions, Rows
from recs_batch.graph.tally import add, clear, mask_for, new_tally
from recs_batch.graph.ways import Way
from recs_batch.parameters import UNITS_PER_ENGAGEMENT
from recs_batch.recommendations import REASONS

BLEND_UNIT = 1 << 20
MOST_SIMILAR = 200  # rooms, per room
_CONNECTION, _ROOM = REASONS.index("connection"), REASONS.index("room")
_SIMILARITY = 1 << 14  # what a similarity of 1 is as a whole number
_LOGARITHM = 16  # and a saturated engagement of 1, where it is a target's weight
_OF_POPULAR = 0.4  # a cosine would have 0.5 here too; popular rooms are a little likelier than it says
_MOST_LINKS = 500  # whoever has more leads everywhere, and so nowhere
_MOST_MEMBERS = 300  # a larger room says nothing about two of its members
_MOST_ROOMS = 500  # whoever is in more says nothing about two of them


def links_way(weight: float, near: WeightedRows, degree: Positions, links: Rows) -> Way:
    """Return the way over neighbours to what each is linked to."""
    ends = np.where(links.ends - links.starts > _MOST_LINKS, links.starts, links.ends)
    vias = _whole(weight * BLEND_UNIT * _saturated(near.weights) / np.sqrt(degree[near.targets]))
    return Way(_CONNECTION, near.bounds, near.targets, vias, links.starts, ends, links.targets, _nothing())


def closest_way(weight: float, near: WeightedRows, degree: Positions, closest: WeightedRows) -> Way:
    """Return the way over neighbours to what each is closest to."""
    vias = _whole(weight * (BLEND_UNIT // _LOGARITHM) / np.sqrt(degree[near.targets]))
    onward = _whole(_LOGARITHM * _saturated(closest.weights))
    return Way(
        _CONNECTION, near.bounds, near.targets, vias, closest.bounds[:-1], closest.bounds[1:], closest.targets, onward
    )


def members_way(weight: float, near: WeightedRows, members: Rows) -> Way:
    """Return the way over a user's rooms to the other members."""
    sizes = members.ends - members.starts
    ends = np.where(sizes > _MOST_MEMBERS, members.starts, members.ends)
    vias = _whole(weight * BLEND_UNIT * _saturated(near.weights) / np.maximum(sizes, 1)[near.targets])
    return Way(_ROOM, near.bounds, near.targets, vias, members.starts, ends, members.targets, _nothing())


def similar_way(weight: float, near: WeightedRows, similar: WeightedRows) -> Way:
    """Return the way over a user's rooms to similar rooms."""
    vias = _whole(weight * (BLEND_UNIT // _SIMILARITY) * _saturated(near.weights))
    onward = similar.bounds[:-1], similar.bounds[1:], similar.targets, similar.weights
    return Way(_ROOM, near.bounds, near.targets, vias, *onward)


def similar_rooms(members: Rows, joined: Rows) -> WeightedRows:
    """Return the rooms most similar to each, a similarity of 1 being 2 ** 14; ties by index."""
    rooms_of = joined.ends - joined.starts
    counted = np.where(rooms_of > _MOST_ROOMS, 0, np.rint(_SIMILARITY / np.sqrt(np.maximum(rooms_of, 1))))
    lengths, targets, weights = _most_similar(members, joined, counted.astype(np.int64))
    return WeightedRows(np.concatenate([[0], np.cumsum(lengths)]), targets, weights)


def _saturated(weights: Indices) -> npt.NDArray[np.float64]:
    return np.asarray(np.sqrt(np.log2(1 + weights / UNITS_PER_ENGAGEMENT)))


def _whole(values: npt.NDArray[np.float64]) -> Indices:
    return np.rint(values).astype(np.int32)


def _nothing() -> Indices:
    return np.empty(0, np.int32)


@njit(cache=True, nogil=True)
def _most_similar(members: Rows, joined: Rows, counted: Positions) -> tuple[Positions, Indices, Indices]:
    rooms = len(members.starts)
    sizes = (members.ends - members.starts).astype(np.float64)
    lengths = np.zeros(rooms, np.int64)
    targets, weights = np.empty(rooms * MOST_SIMILAR, np.int32), np.empty(rooms * MOST_SIMILAR, np.int32)
    tally, mask, end = new_tally(rooms), mask_for(rooms), 0
    for room in range(rooms):
        count = 0
        for place in range(members.starts[room], members.ends[room]):
            member = members.targets[place]
            if counted[member] > 0:
                for there in range(joined.starts[member], joined.ends[member]):
                    count = add(tally, mask, count, joined.targets[there], counted[member])
        found = np.empty(count, np.int64)
        for entry in range(count):
            other = tally.keys[tally.filled[entry]]
            norm = sizes[room] ** 0.5 * sizes[other] ** _OF_POPULAR
            similarity = np.int64(np.rint(tally.sums[tally.filled[entry]] / norm))
            found[entry] = 0 if other == room else (similarity << 32) - other
        clear(tally, count)
        found = np.sort(found)[::-1][:MOST_SIMILAR]
        for key in found:
            weight = (key + (1 << 31)) >> 32
            if weight > 0:
                targets[end], weights[end] = (weight << 32) - key, weight
                end += 1
                lengths[room] += 1
    return lengths, targets[:end].copy(), weights[:end].copy()
