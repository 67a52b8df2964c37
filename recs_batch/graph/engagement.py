"""Engagement: who deals with whom and with which rooms, how much so far, and whether they are linked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from recs_batch.graph.files import Positions
from recs_batch.graph.ids import Indices
from recs_batch.graph.reading import OLDEST, Column
from recs_batch.graph.tables import NO_ROOM, DayTables, Events, Flags
from recs_batch.parameters import UNITS_PER_ENGAGEMENT, EventWeights

MOST_UNLINKED = 16  # users, and rooms, that a user is not linked to count, those with the most engagement
_VALUE_BITS = 21  # an event's weight, and whether it is a link
_MOST = np.iinfo(np.int32).max  # two million events of one pair
Part = tuple[Column, Column, npt.NDArray[np.int64] | int, bool]  # users, targets, weights, whether they are links


class PairBlock(NamedTuple):
    """The pairs of a block of users: user i of the block has the next `counts[i]` of them, targets ascending."""

    counts: Positions
    targets: Indices
    events: Indices
    linked: Flags


def event_values(weights: EventWeights, half_life_days: float | None) -> dict[str, Column]:
    """Return what an event of each kind weighs, by its age in days (of length 1 where age does not matter)."""
    decay = np.ones(1) if half_life_days is None else 0.5 ** (np.arange(OLDEST + 1) / half_life_days)
    kinds = weights.model_dump()
    return {kind: np.rint(weight * UNITS_PER_ENGAGEMENT * decay).astype(np.int64) for kind, weight in kinds.items()}


class Engagement:
    """Everything that the pairs of a user are counted from."""

    def __init__(self, tables: DayTables, values: dict[str, Column]) -> None:
        self._tables, self._values = tables, values
        self.follows, self.subscriptions = tables.links("follows"), tables.links("subscriptions")
        self.blocked = tables.blocked()
        self._messages, self._posts, self._mentions = tables.messages()
        self._likes = tables.likes(self._messages)

    def block(self, first: int, last: int) -> tuple[PairBlock, PairBlock]:
        """Return the pairs with users and with rooms of the users from `first` to `last`.

        Nobody deals with themselves, with the inactive, or with whom a block keeps away.
        """
        users, rooms = self._tables.users, self._tables.rooms
        user, message, age = self._likes.of(first, last)
        weight = self._values["like"][age]
        with_users = [
            (user, self._messages.authors[message].astype(np.int64), weight, False),
            self._part(self._mentions, "mention", first, last),
            self._links(self.follows, users.count, first, last),
        ]
        room = self._messages.rooms[message].astype(np.int64)
        there = room != NO_ROOM
        with_rooms = [
            (user[there], room[there], weight[there], False),
            self._part(self._posts, "post", first, last),
            self._links(self.subscriptions, rooms.count, first, last),
        ]
        hidden = self.blocked[slice(*np.searchsorted(self.blocked, [first * users.count, last * users.count]))]
        own = np.arange(first, last) * (users.count + 1)
        return (
            _total(with_users, first, last, users.active, np.concatenate([hidden, own])),
            _total(with_rooms, first, last, rooms.active, hidden[:0]),
        )

    def _part(self, events: Events, kind: str, first: int, last: int) -> Part:
        user, target, age = events.of(first, last)
        return user, target, self._values[kind][age], False

    @staticmethod
    def _links(keys: Column, targets: int, first: int, last: int) -> Part:
        user, target, _ = Events(keys, max(targets, 1), 1).of(first, last)
        return user, target, 0, True


def _total(parts: Sequence[Part], first: int, last: int, active: Flags, left_out: Column) -> PairBlock:
    """Add up the events of every pair, having put pair, weight and link into one number, by which all are sorted."""
    targets = max(len(active), 1)
    packed = np.concatenate([*_packed(parts, first, targets)])
    packed.sort()
    keys = packed >> _VALUE_BITS
    starts = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]])) if len(keys) else np.empty(0, np.int64)
    pairs = keys[starts]
    values = packed & ((1 << _VALUE_BITS) - 1)
    events = np.add.reduceat(values >> 1, starts) if len(starts) else pairs
    linked = np.maximum.reduceat(values & 1, starts).astype(np.bool_) if len(starts) else pairs.astype(np.bool_)
    user, target = np.divmod(pairs, targets)
    kept = active[target] & ((events > 0) | linked) & ~np.isin(pairs + first * targets, left_out)
    user, target, events, linked = user[kept], target[kept], events[kept], linked[kept]
    kept = linked | _is_heaviest(user, np.where(linked, -1, events))
    counts = np.bincount(user[kept], minlength=last - first)
    events = np.minimum(events[kept], _MOST)
    return PairBlock(counts, target[kept].astype(np.int32), events.astype(np.int32), linked[kept])


def _is_heaviest(user: Column, events: Column) -> Flags:
    """Tell which pairs are among the `MOST_UNLINKED` of their user with the most events, ties by place."""
    order = np.lexsort((-events, user))
    starts = np.searchsorted(user, user[order], side="left")
    found = np.zeros(len(user), np.bool_)
    found[order[np.arange(len(order)) - starts < MOST_UNLINKED]] = True
    return found


def _packed(parts: Sequence[Part], first: int, targets: int) -> Iterator[Column]:
    for user, target, weight, links in parts:
        yield (((user - first) * targets + target) << _VALUE_BITS) | ((weight << 1) | int(links))
