"""The social graph of a day: every table as compressed rows over dense indices."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt

from common.progress import track
from recs_batch.graph.messages import Messages, posts_by_author, read_messages
from recs_batch.graph.reading import TableFiles, instants, integers
from recs_batch.graph.rows import Positions, Rows, count_sources, reserve, scatter, sort_and_merge
from recs_batch.graph.slots import EMPTY, Slots, index_of


@dataclass(frozen=True)
class People:
    """Users or rooms: index i has the i-th smallest id, so that ties by index are ties by id."""

    ids: npt.NDArray[np.int64]
    active: npt.NDArray[np.bool_]


@dataclass
class SocialGraph:
    """What happened until the end of a day, and `dropped`, what was left out of which table for which reason."""

    users: People
    rooms: People
    follows: Rows
    subscriptions: Rows
    blocked: Rows
    messages: Messages
    posts: Rows
    mentions: Rows
    likes: Rows
    dropped: dict[str, dict[str, int]] = field(default_factory=dict)


def end_of(day: date) -> datetime:
    """Return the midnight (UTC) that ends a day."""
    return datetime.combine(day + timedelta(days=1), datetime.min.time(), UTC)


def read_graph(tables: Path, day: date, with_ages: bool = False) -> SocialGraph:
    """Read `tables/<table>/*.parquet`; memory grows with 4 bytes an event, twice that a message."""
    return _Reader(tables, end_of(day), with_ages).read()


def read_links(tables: Path, day: date, name: str) -> Rows:
    """Read only the follows or the subscriptions."""
    return _Reader(tables, end_of(day), with_ages=False).read_links(name)


class _Reader:
    def __init__(self, tables: Path, end: datetime, with_ages: bool) -> None:
        self._tables, self._end, self._with_ages = tables, end, with_ages
        self._microseconds = round(end.timestamp()) * 1_000_000
        self._dropped: dict[str, dict[str, int]] = {}

    def read(self) -> SocialGraph:
        users, rooms = self._people("users"), self._people("rooms")
        by_user, by_room = index_of(users.ids), index_of(rooms.ids)
        messages, mentions, problems, unknown = read_messages(
            TableFiles(self._tables / "messages"), by_user, by_room, self._microseconds, self._with_ages
        )
        self._dropped["messages"] = problems._asdict() | {"unknown_mentions": unknown}
        count = len(users.ids)
        likes = self._rows("likes", "message_id", by_user, messages.slots, count, by_place=True)
        follows = self._sets("follows", "following_user_id", by_user, by_user, count, without_self=True)
        subscriptions = self._sets("subscriptions", "room_id", by_user, by_room, count)
        posts = posts_by_author(messages, count)
        return SocialGraph(
            users, rooms, follows, subscriptions, self._blocked(by_user, count), messages, posts, mentions, likes,
            self._dropped,
        )  # fmt: skip

    def read_links(self, name: str) -> Rows:
        by_user = index_of(self._people("users").ids)
        count = int((by_user.values != EMPTY).sum())
        if name == "follows":
            return self._sets("follows", "following_user_id", by_user, by_user, count, without_self=True)
        return self._sets("subscriptions", "room_id", by_user, index_of(self._people("rooms").ids), count)

    def _people(self, name: str) -> People:
        batches = list(TableFiles(self._tables / name).batches("id", "active"))
        ids = np.concatenate([integers(batch, "id") for batch in batches] or [np.empty(0, np.int64)])
        flags = [batch.column("active").to_numpy(zero_copy_only=False) for batch in batches]
        distinct, first = np.unique(ids, return_index=True)
        self._dropped[name] = {"repeats": len(ids) - len(distinct)}
        return People(distinct, np.concatenate(flags or [np.empty(0, np.bool_)])[first].astype(np.bool_))

    def _blocked(self, users: Slots, count: int) -> Rows:
        """Blocks hide both users from each other, so that every pair is there in both directions."""
        table = TableFiles(self._tables / "blocks")
        pairs = [
            (integers(b, "user_id"), integers(b, "blocked_user_id"))
            for b in table.batches("user_id", "blocked_user_id")
        ]
        one, other = (np.concatenate([pair[side] for pair in pairs] or [np.empty(0, np.int64)]) for side in (0, 1))
        counts = np.zeros(count, np.int64)
        for ids in (one, other):
            count_sources(ids, users, counts)
        rows, nothing = reserve(counts, with_ages=False), np.empty(0, np.int64)
        for sources, targets in ((one, other), (other, one)):
            scatter(sources, targets, nothing, users, users, rows, False, 0)
        sort_and_merge(rows, True)
        return rows

    def _sets(
        self, name: str, column: str, sources: Slots, targets: Slots, count: int, without_self: bool = False
    ) -> Rows:
        rows = self._rows(name, column, sources, targets, count, by_place=False)
        self._dropped[name]["repeats"] = sort_and_merge(rows, without_self)
        return rows

    def _rows(self, name: str, column: str, sources: Slots, targets: Slots, count: int, by_place: bool) -> Rows:
        """Read a table of pairs twice: to count the rows of every user, and to put the pairs in their places."""
        table = TableFiles(self._tables / name)
        counts = np.zeros(count, np.int64)
        for batch in track(table.batches("user_id"), f"count {name}"):
            count_sources(integers(batch, "user_id"), sources, counts)
        rows, problems = reserve(counts, self._with_ages), np.zeros(3, np.int64)
        timeless = not self._with_ages and table.ends_before(self._end)
        columns = ["user_id", column] if timeless else ["user_id", column, "created_at"]
        for batch in track(table.batches(*columns), f"read {name}"):
            times: Positions = np.empty(0, np.int64) if timeless else instants(batch)
            pairs = integers(batch, "user_id"), integers(batch, column)
            problems += scatter(*pairs, times, sources, targets, rows, by_place, self._microseconds)
        names = ("late", "without_user", "without_target")
        self._dropped[name] = dict(zip(names, problems.tolist(), strict=True))
        return rows
