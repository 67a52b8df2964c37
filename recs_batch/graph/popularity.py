"""What is popular, for users whom no connection leads anywhere: in their community, and overall.

A user's community are the users with the same closest room; popular there is what most of them are linked to.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from recs_batch.graph.closest import is_in
from recs_batch.graph.found import Found
from recs_batch.graph.rows import Indices, Positions, Rows, append, count_keys, reserve
from recs_batch.graph.second_hop import Candidates
from recs_batch.graph.ways import Way
from recs_batch.recommendations import REASONS

COMMUNITY, OVERALL = REASONS.index("community"), REASONS.index("overall")
NOWHERE = -1  # the room of a community when there is none


class Ranked(NamedTuple):
    """Items and how many are linked to each, the most first, ties by index; `all` if no item is missing."""

    items: Indices
    counts: Positions
    all: bool


class Popularity:
    """Answers for a few users at a time; a community is counted when its first user needs it."""

    def __init__(self, links: Rows, homes: Indices, rooms: int, active: npt.NDArray[np.bool_]) -> None:
        self._links, self._homes, self._active = links, homes, active
        self._scratch = np.zeros(len(active), np.int32)
        counts = np.zeros(rooms, np.int64)
        count_keys(homes, counts)
        self._members = reserve(counts, with_ages=False)
        people = np.arange(len(homes), dtype=np.int32)
        append(homes, people, np.empty(0, np.uint16), self._members)
        self._people = people
        self._ranked: dict[int, Ranked] = {}

    def recommend(self, users: Indices, candidates: Candidates, top: int, unit: int) -> Found:
        """Return what is popular for each of `users`; the score of an item is how many are linked to it."""
        pieces = [self._pick(int(user), candidates, top) for user in users]
        places = np.concatenate([piece[2] for piece in pieces]).astype(np.int64)
        counts = np.concatenate([piece[1] for piece in pieces])
        return Found(
            counts=np.array([len(piece[0]) for piece in pieces], np.int64),
            items=np.concatenate([piece[0] for piece in pieces]),
            scores=counts * unit,
            reason_counts=np.ones(len(counts), np.int64),
            reason_kinds=np.where(places == NOWHERE, OVERALL, COMMUNITY).astype(np.int8),
            reasons=np.maximum(places, 0).astype(np.int32),
            reason_weights=counts * unit,
        )

    def way(self, weight: int, unit: int, most: int) -> Way:
        """Return the way over a user's community to the `most` items popular there.

        Each counts the share of the community that is linked to it, 1 being `unit`.
        """
        known = np.flatnonzero(self._members.ends > self._members.starts)
        ranked = [Ranked(self._people[:0], np.empty(0, np.int64), True)] * len(self._members.starts)
        for home in known:
            ranked[home] = self._rank(int(home), most)
        lengths = np.array([len(one.items) for one in ranked], np.int64)
        sizes = np.repeat(np.maximum(self._members.ends - self._members.starts, 1), lengths)
        bounds = np.concatenate([[0], np.cumsum(lengths)])
        somewhere = self._homes != NOWHERE
        return Way(
            COMMUNITY,
            np.concatenate([[0], np.cumsum(somewhere)]),
            self._homes[somewhere],
            np.full(int(somewhere.sum()), weight, np.int32),
            bounds[:-1],
            bounds[1:],
            np.concatenate([one.items for one in ranked]).astype(np.int32),
            np.rint(unit * np.concatenate([one.counts for one in ranked]) / sizes).astype(np.int32),
        )

    def _pick(self, user: int, candidates: Candidates, top: int) -> tuple[Indices, Positions, Indices]:
        linked, hidden = candidates.linked, candidates.hidden
        needed = 2 * top + 1
        needed += int(linked.ends[user] - linked.starts[user] + hidden.ends[user] - hidden.starts[user])
        home = int(self._homes[user])
        near = self._list(home, needed) if home != NOWHERE else Ranked(self._homes[:0], np.empty(0, np.int64), True)
        return walk(user, home, near, self._list(NOWHERE, needed), candidates, top)

    def _list(self, home: int, needed: int) -> Ranked:
        """Return the ranking of a community (of everybody, for NOWHERE), at least `needed` long if it can be."""
        known = self._ranked.get(home)
        if known is None or (len(known.items) < needed and not known.all):
            known = self._ranked[home] = self._rank(home, 2 * needed + 100)
        return known

    def _rank(self, home: int, most: int) -> Ranked:
        members = self._people
        if home != NOWHERE:
            members = self._members.targets[self._members.starts[home] : self._members.ends[home]]
        items = _count_links(members, self._links, self._scratch)
        counts = self._scratch[items].astype(np.int64)
        self._scratch[items] = 0
        items, counts = items[self._active[items]], counts[self._active[items]]
        keys = (counts << 32) - items  # distinct: the greatest count, then the smallest index, has the greatest key
        if len(keys) > most:
            keys = np.partition(keys, len(keys) - most)[-most:]
        keys = np.sort(keys)[::-1]
        ranked = (-keys % (1 << 32)).astype(np.int32)
        return Ranked(ranked, (keys + ranked) >> 32, len(keys) == len(items))


@njit(cache=True, nogil=True)
def _count_links(members: Indices, links: Rows, scratch: Indices) -> Indices:
    """Add up the links of `members` in `scratch`, which is zero before, and return the items that have any."""
    total = 0
    for member in members:
        total += links.ends[member] - links.starts[member]
    items, count = np.empty(min(total, len(scratch)), np.int32), 0
    for member in members:
        for place in range(links.starts[member], links.ends[member]):
            item = links.targets[place]
            if scratch[item] == 0:
                items[count] = item
                count += 1
            scratch[item] += 1
    return items[:count].copy()


@njit(cache=True, nogil=True)
def walk(
    user: int, home: int, near: Ranked, overall: Ranked, candidates: Candidates, top: int
) -> tuple[Indices, Positions, Indices]:
    """Return the first `top` items that may be recommended, their counts, and the community each is popular in."""
    items, counts, places = np.empty(top, np.int32), np.empty(top, np.int64), np.empty(top, np.int32)
    chosen = 0
    for ranked, place in ((near, home), (overall, NOWHERE)):
        for entry in range(len(ranked.items)):
            item = ranked.items[entry]
            if chosen == top:
                break
            if (candidates.are_users and item == user) or np.any(items[:chosen] == item):
                continue
            if not is_in(candidates.linked, user, item) and not is_in(candidates.hidden, user, item):
                items[chosen], counts[chosen], places[chosen] = item, ranked.counts[entry], place
                chosen += 1
    return items[:chosen], counts[:chosen], places[:chosen]
