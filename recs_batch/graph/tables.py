"""The tables of a day as sorted keys: a pair of a user and a target is one whole number, and so an age behind it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from recs_batch.graph.ids import MISSING, IdIndex, Indices
from recs_batch.graph.reading import OLDEST, Column, TableFiles, ages, end_of, integers, moments

Flags = npt.NDArray[np.bool_]
LINKS = {"follows": "following_user_id", "subscriptions": "room_id"}
NO_ROOM = -2  # of a direct message; MISSING is a room that is not there


@dataclass(frozen=True)
class People:
    """Users or rooms: index i has the i-th smallest id, so that ties by index are ties by id."""

    index: IdIndex
    active: Flags

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.active)


class Events(NamedTuple):
    """Sorted keys `(user * targets + target) * ages + age`, so that a user's lie together."""

    keys: Column
    targets: int
    ages: int

    def of(self, first: int, last: int) -> tuple[Column, Column, Column]:
        """Return users, targets and ages of the events of the users from `first` to `last`."""
        per_user = self.targets * self.ages
        start, stop = np.searchsorted(self.keys, [first * per_user, last * per_user])
        pairs, age = np.divmod(self.keys[start:stop], self.ages)
        user, target = np.divmod(pairs, self.targets)
        return user, target, age


@dataclass(frozen=True)
class Messages:
    """Messages by id, with the indices of author and room, NO_ROOM of a direct message."""

    index: IdIndex
    authors: Indices
    rooms: Indices


class DayTables:
    """Reads tables as they were at the end of a day; `dropped` counts what was left out, by table and reason."""

    def __init__(self, folder: Path, day: date, aged: bool = False) -> None:
        self._folder, self._end, self._aged = folder, end_of(day), aged
        self.dropped: dict[str, dict[str, int]] = {}
        self.users, self.rooms = self._people("users"), self._people("rooms")

    def links(self, name: str) -> Column:
        """Return follows or subscriptions as sorted keys `user * targets + target`, each once, none to oneself."""
        targets = self.users if name == "follows" else self.rooms
        files = self._files(name)
        keys, dropped = _Keys(files.rows), self.dropped[name]
        for batch in files.batches("user_id", LINKS[name]):
            user, target = (
                self._known(name, batch, "user_id", self.users),
                targets.index.find(integers(batch, LINKS[name])),
            )
            dropped["without_target"] += int((target[user >= 0] < 0).sum())
            known = (user >= 0) & (target >= 0)
            if name == "follows":
                dropped["to_oneself"] += int((user[known] == target[known]).sum())
                known &= user != target
            keys.add(user[known].astype(np.int64) * targets.count + target[known])
        found = keys.sorted()
        kept = _distinct(found)
        dropped["repeats"] = len(found) - len(kept)
        return kept

    def blocked(self) -> Column:
        """Return the pairs of users of whom one blocked the other, both ways, as sorted keys."""
        one, other = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
        for batch in self._files("blocks").batches("user_id", "blocked_user_id"):
            pair = (self.users.index.find(integers(batch, name)) for name in ("user_id", "blocked_user_id"))
            blocker, blocked = (side.astype(np.int64) for side in pair)
            known = (blocker >= 0) & (blocked >= 0) & (blocker != blocked)
            one.append(blocker[known])
            other.append(blocked[known])
        here, there = np.concatenate(one), np.concatenate(other)
        return np.unique(np.concatenate([here * self.users.count + there, there * self.users.count + here]))

    def messages(self) -> tuple[Messages, Events, Events]:
        """Return the messages, the posts in rooms and the mentions of users (each once in a message).

        Of several messages with one id the first by author, room (none before any) and time counts.
        """
        files, dropped = self._files("messages"), self.dropped["messages"]
        none, nobody = np.empty(0, np.int64), np.empty(0, np.int32)
        parts, said = [(none, nobody, nobody, none)], [(none, nobody)]
        rows = 0
        for batch in files.batches("id", "user_id", "room_id", "mention_ids", "created_at"):
            author, room = self._known("messages", batch, "user_id", self.users), self._room(batch)
            known = author >= 0
            dropped["without_room"] += int((room[known] == MISSING).sum())
            known &= room != MISSING
            fit = batch.filter(pa.array(known))
            parts.append((integers(fit, "id"), author[known], room[known], moments(fit)))
            said.append(self._mentioned(fit, rows))
            rows += len(fit)
        ids, authors, rooms, moment = (np.concatenate(columns) for columns in zip(*parts, strict=True))
        order, first = _by_id(ids, authors, rooms, moment)
        age = ages(moment, self._end) if self._aged else np.zeros(len(ids), np.int64)
        dropped["repeats"] = len(ids) - int(first.sum())
        kept = np.zeros(len(ids), np.bool_)
        kept[order[first]] = True
        at, other = (np.concatenate(columns) for columns in zip(*said, strict=True))
        at, other = at[kept[at]], other[kept[at]]
        dropped["unknown_mentions"] = int((other == MISSING).sum())
        at, other = at[other != MISSING], other[other != MISSING]
        messages = Messages(IdIndex(ids[order[first]]), authors[order[first]], rooms[order[first]])
        dropped["direct"] = int((rooms[kept] == NO_ROOM).sum())
        posted = kept & (rooms != NO_ROOM)
        posts = self._events(authors[posted], rooms[posted], age[posted], self.rooms.count)
        return messages, posts, self._events(authors[at], other, age[at], self.users.count)

    def likes(self, messages: Messages) -> Events:
        """Return who liked which message, each once, by the latest."""
        files = self._files("likes")
        keys, dropped, count = _Keys(files.rows), self.dropped["likes"], max(len(messages.authors), 1)
        for batch in files.batches("user_id", "message_id", *["created_at"] * self._aged):
            user, liked = (
                self._known("likes", batch, "user_id", self.users),
                messages.index.find(integers(batch, "message_id")),
            )
            dropped["without_target"] += int((liked[user >= 0] < 0).sum())
            known = (user >= 0) & (liked >= 0)
            pairs = user[known].astype(np.int64) * count + liked[known]
            keys.add(pairs * (OLDEST + 1) + ages(moments(batch), self._end)[known] if self._aged else pairs)
        found = keys.sorted()
        kept = _distinct(found, OLDEST + 1 if self._aged else 1)
        dropped["repeats"] = len(found) - len(kept)
        return Events(kept, count, OLDEST + 1 if self._aged else 1)

    def _people(self, name: str) -> People:
        files = self._files(name)
        batches = list(files.batches("id", "active", timed=False))
        ids = np.concatenate([np.empty(0, np.int64), *(integers(batch, "id") for batch in batches)])
        flags = [batch.column("active").to_numpy(zero_copy_only=False).astype(np.bool_) for batch in batches]
        distinct, place = np.unique(ids, return_inverse=True)
        self.dropped[name]["repeats"] = len(ids) - len(distinct)
        active = np.ones(len(distinct), np.bool_)
        active[place[~np.concatenate([np.empty(0, np.bool_), *flags])]] = False  # whom one row of several calls so
        return People(IdIndex(distinct), active)

    def _files(self, name: str) -> TableFiles:
        files = TableFiles(self._folder / name, self._end)
        self.dropped[name] = files.dropped
        return files

    def _known(self, table: str, batch: pa.RecordBatch, column: str, people: People) -> Indices:
        found = people.index.find(integers(batch, column))
        self.dropped[table]["without_user"] += int((found < 0).sum())
        return found

    def _room(self, batch: pa.RecordBatch) -> Indices:
        found = self.rooms.index.find(integers(batch, "room_id"))
        found[batch.column("room_id").is_null().to_numpy(zero_copy_only=False)] = NO_ROOM
        return found

    def _mentioned(self, batch: pa.RecordBatch, rows: int) -> tuple[Column, Indices]:
        """Return in which row (the first of the batch is number `rows`) who is mentioned, each once, MISSING too."""
        lists = batch.column("mention_ids")
        mentioned, row = pc.list_flatten(lists), pc.list_parent_indices(lists).to_numpy().astype(np.int64)
        there = mentioned.is_valid().to_numpy(zero_copy_only=False)
        ids = mentioned.drop_null().cast(pa.int64()).to_numpy(zero_copy_only=False)
        other = self.users.index.find(ids)
        row, place = np.divmod(np.unique(row[there] * (self.users.count + 1) + other - MISSING), self.users.count + 1)
        return row + rows, (place + MISSING).astype(np.int32)

    def _events(self, users: Indices, others: Indices, age: Column, targets: int) -> Events:
        width = OLDEST + 1 if self._aged else 1
        return Events(np.sort((users.astype(np.int64) * targets + others) * width + age), max(targets, 1), width)


class _Keys:
    """Room for as many keys as a table has rows, filled batch after batch and sorted where they stand."""

    def __init__(self, most: int) -> None:
        self._keys, self._end = np.empty(most, np.int64), 0

    def add(self, keys: Column) -> None:
        self._keys[self._end : self._end + len(keys)] = keys
        self._end += len(keys)

    def sorted(self) -> Column:
        self._keys[: self._end].sort()
        return self._keys[: self._end]


def _by_id(ids: Column, *ties: Column | Indices) -> tuple[Column, Flags]:
    """Return the order of ids, ties by the columns after them, and which places in it begin another id."""
    order = np.argsort(ids, kind="stable")
    first = np.ones(len(ids), np.bool_)
    first[1:] = ids[order][1:] != ids[order][:-1]
    return (order if first.all() else np.lexsort((*reversed(ties), ids))), first


def _distinct(keys: Column, width: int = 1) -> Column:
    """Return sorted keys without those that differ from the one before only in their remainder by `width`."""
    if not len(keys):
        return keys
    pairs = keys // width if width > 1 else keys
    return keys[np.concatenate([[True], pairs[1:] != pairs[:-1]])]
