"""A synthetic social network: communities, power-law popularity, triadic closure, activity in time order.

People of a community follow each other, the popular ones most; a third of all follows go to somebody whom a followee
follows. Rooms belong to communities and are joined through followees too. Everybody links steadily through the year.
Messages are written in a room that the author has joined by then, mention somebody followed by then, and are liked,
soon after, by who follows the author by then or has joined the room by then: so what is said and liked before a day
tells nothing of the links made after it, but for what goes on in rooms. Everything is a function of the seed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Shares = npt.NDArray[np.float64]  # of the year, from 0 to 1
Moments = npt.NDArray[np.datetime64]

_DAYS = 365
_CLOSURE = 0.35  # share of follows and subscriptions that come through somebody already followed
_AT_HOME = 0.8  # share of the others that stay in the community
_INACTIVE = 0.01
_NEWCOMERS = 0.005  # have signed up and done nothing yet
_SHOWN_DAYS = 60
_ROWS_AT_ONCE = 4_000_000


@dataclass(frozen=True)
class NetworkSize:
    """How many rows each table has; of follows, subscriptions and likes a little fewer, for no pair repeats."""

    users: int
    rooms: int
    messages: int
    likes: int
    follows_per_user: int = 30
    subscriptions_per_user: int = 8


@dataclass(frozen=True)
class _Places:
    """Who stands where: community c has the members from `bounds[c]` to `bounds[c + 1]`, the most popular first.

    Members are shuffled, so that an id tells neither community nor popularity.
    """

    bounds: Ints
    members: Ints


@dataclass(frozen=True)
class Adjacency:
    """Rows in compressed form: the targets of row i are `targets[starts[i] : starts[i + 1]]`.

    Of row i's links the one at place `shifts[i]`, modulo their number, is the oldest, and those behind it follow.
    """

    starts: Ints
    targets: npt.NDArray[np.int32]
    shifts: Ints

    def pick(self, random: np.random.Generator, rows: Ints) -> Ints:
        """Return one random target of each row, -1 where the row is empty."""
        degrees = self.starts[rows + 1] - self.starts[rows]
        offsets = (random.random(len(rows)) * degrees).astype(np.int64)
        places = np.minimum(self.starts[rows] + offsets, max(len(self.targets) - 1, 0))
        if not len(self.targets):
            return np.full(len(rows), -1)
        return np.where(degrees > 0, self.targets[places], -1).astype(np.int64)

    def pick_until(self, random: np.random.Generator, rows: Ints, moments: Shares) -> Ints:
        """Return one random target of each row that it was linked to by a moment of the year, -1 where none was."""
        degrees = self.starts[rows + 1] - self.starts[rows]
        known = np.floor(degrees * moments).astype(np.int64)
        return self._at(rows, degrees, (random.random(len(rows)) * known).astype(np.int64), known > 0)

    def pick_link(self, random: np.random.Generator, rows: Ints) -> tuple[Ints, Shares]:
        """Return one random target of each row, -1 where the row is empty, and from when on it is linked to that."""
        degrees = self.starts[rows + 1] - self.starts[rows]
        ages = (random.random(len(rows)) * degrees).astype(np.int64)
        return self._at(rows, degrees, ages, degrees > 0), (ages + 1) / np.maximum(degrees, 1)

    def moments(self, random: np.random.Generator) -> Shares:
        """Return when in the year each link was made: those of a row evenly, one after the other."""
        degrees = np.diff(self.starts)
        rows = np.repeat(np.arange(len(degrees)), degrees)
        places = np.arange(len(self.targets)) - self.starts[rows]
        return ((places - self.shifts[rows]) % degrees[rows] + random.random(len(rows))) / degrees[rows]

    def _at(self, rows: Ints, degrees: Ints, ages: Ints, valid: npt.NDArray[np.bool_]) -> Ints:
        places = self.starts[rows] + (ages + self.shifts[rows]) % np.maximum(degrees, 1)
        found = np.full(len(rows), -1)
        found[valid] = self.targets[places[valid]]
        return found


class Network:
    """The network of one seed and size. Indices are dense and start at 0; ids, in the tables, start at 1."""

    def __init__(self, size: NetworkSize, seed: int, until: date) -> None:
        self.size = size
        self.end = np.datetime64(until, "us")
        self._seed = seed
        count = max(2, round(size.users**0.5 / 3))
        shares = (np.arange(count) + 1.0) ** -0.6
        bounds = np.concatenate([[0], np.rint(np.cumsum(shares / shares.sum()) * size.users)]).astype(np.int64)
        room_bounds = np.rint(bounds * (size.rooms / size.users)).astype(np.int64)
        users = _Places(bounds, self._random("users").permutation(size.users))
        rooms = _Places(room_bounds, self._random("rooms").permutation(size.rooms))
        self._community = np.empty(size.users, np.int64)
        self._community[users.members] = np.repeat(np.arange(count), np.diff(bounds))
        order = self._random("participants").permutation(size.users)
        newcomers = round(size.users * _NEWCOMERS)
        self._newcomers, self._participants = order[:newcomers], order[newcomers:]
        self.follows = self._link("follows", users, size.follows_per_user)
        self.subscriptions = self._link("subscriptions", rooms, size.subscriptions_per_user, self.follows)

    def active(self, table: str, rows: int) -> npt.NDArray[np.bool_]:
        """Return which users or rooms are active: all but one in a hundred."""
        return self._random(f"active {table}").random(rows) >= _INACTIVE

    def link_times(self, table: str, links: Adjacency) -> Moments:
        """Return when each follow or subscription was made."""
        return self._moments(links.moments(self._random(f"times {table}")))

    def blocks(self) -> tuple[Ints, Ints]:
        """Return who blocked whom: as many pairs as a fiftieth of the users, never oneself."""
        random, pairs = self._random("blocks"), self.size.users // 50
        blocker, blocked = random.integers(self.size.users, size=(2, pairs))
        keys = np.unique((blocker * self.size.users + blocked)[blocker != blocked])
        return keys // self.size.users, keys % self.size.users

    def shown(self, per_user: int) -> tuple[Ints, Ints, Ints, Ints]:
        """Return users, others whom they were shown (whom followees follow), on how many days, how many before the end.

        It says nothing of links to come: some are followed before, some after.
        """
        random = self._random("shown")
        users = np.repeat(np.arange(self.size.users), per_user)
        near = _through(random, users, self.follows, self.follows)
        keys = np.unique((users * self.size.users + near)[(near >= 0) & (near != users)])
        days, ago = random.geometric(0.3, len(keys)), random.integers(0, _SHOWN_DAYS, len(keys))
        return keys // self.size.users, keys % self.size.users, days, ago

    @property
    def slice_count(self) -> int:
        """How many slices of time there are."""
        return max(1, round((self.size.messages + self.size.likes) / _ROWS_AT_ONCE))

    def slices(self) -> Iterator[MessageSlice]:
        """Yield the messages and their likes, a slice of time after another."""
        parts = self.slice_count
        message_bounds = np.linspace(0, self.size.messages, parts + 1).astype(np.int64)
        like_bounds = np.linspace(0, self.size.likes, parts + 1).astype(np.int64)
        for part in range(parts):
            yield self._slice(part, parts, message_bounds[part : part + 2], int(np.diff(like_bounds)[part]))

    def _slice(self, part: int, parts: int, bounds: Ints, likes: int) -> MessageSlice:
        random = self._random(f"slice {part}")
        count = int(bounds[1] - bounds[0])
        span = (part / parts, (part + 1) / parts)
        authors = self._active_users(random, count)
        written = np.sort(span[0] + (span[1] - span[0]) * random.random(count))
        rooms = self.subscriptions.pick_until(random, authors, written)
        rooms = np.where(rooms >= 0, rooms, self.subscriptions.pick(random, authors))  # before joining the first
        rooms = np.where(rooms >= 0, rooms, random.integers(self.size.rooms, size=count))
        mentioned = self.follows.pick_until(random, authors, written)
        mentioned[random.random(count) > 0.3] = -1
        liker, message, liked = self._likes(random, likes, authors, rooms, written)
        order = np.argsort(liked, kind="stable")
        return MessageSlice(
            int(bounds[0]),
            authors,
            rooms,
            mentioned,
            self._moments(written),
            liker[order],
            message[order],
            self._moments(liked[order]),
        )

    def _likes(
        self, random: np.random.Generator, wanted: int, authors: Ints, rooms: Ints, written: Shares
    ) -> tuple[Ints, Ints, Shares]:
        """Choose who likes which message of a slice, and when: of somebody followed, or in a room joined, by then."""
        by_author, by_room = _group(authors, self.size.users), _group(rooms, self.size.rooms)
        keys, moments = np.empty(0, np.int64), np.empty(0)
        for _ in range(8):
            missing = wanted - len(keys)
            if missing <= wanted // 100 or not len(authors):
                break
            liker = self._active_users(random, round(missing * 2.6) + 8)
            followee, followed = self.follows.pick_link(random, liker)
            room, joined = self.subscriptions.pick_link(random, liker)
            through_author = by_author.pick(random, np.maximum(followee, 0))
            through_room = by_room.pick(random, np.maximum(room, 0))
            by_follow = (random.random(len(liker)) < 0.65) & (followee >= 0)
            chosen = np.where(by_follow, through_author, through_room)
            at = written[np.maximum(chosen, 0)]
            at = at + random.exponential(0.01, len(liker)) * (1 - at)
            valid = (chosen >= 0) & (authors[np.maximum(chosen, 0)] != liker)
            valid &= (np.where(by_follow, followed, joined) <= at) & (at < 1)
            found, place = np.unique(liker[valid] * len(authors) + chosen[valid], return_index=True)
            new = random.permutation(np.flatnonzero(~np.isin(found, keys, assume_unique=True)))[:missing]
            keys, moments = np.concatenate([keys, found[new]]), np.concatenate([moments, at[valid][place[new]]])
        return keys // max(len(authors), 1), keys % max(len(authors), 1), moments

    def _link(self, name: str, places: _Places, mean: int, followees: Adjacency | None = None) -> Adjacency:
        """Link every user to targets: first within communities, then through the targets of those followed.

        Without `followees` the links are themselves follows: nobody is linked to themselves.
        """
        random, targets = self._random(name), len(places.members)
        degrees = np.minimum(np.rint(mean * random.lognormal(-0.32, 0.8, self.size.users)), targets / 3).astype(int)
        degrees[self._newcomers] = 0
        direct = np.maximum(np.rint(degrees * (1 - _CLOSURE)).astype(int), np.minimum(degrees, 1))
        without_self = followees is None
        base = self._collect(direct, targets, without_self, lambda users: self._by_popularity(random, users, places))
        through = followees or base
        closing = self._collect(
            degrees - direct, targets, without_self, lambda users: _through(random, users, through, base)
        )
        merged = _merge(base, closing, targets)
        return Adjacency(merged.starts, merged.targets, random.integers(1 << 31, size=self.size.users))

    def _collect(self, degrees: Ints, targets: int, without_self: bool, choose: Callable[[Ints], Ints]) -> Adjacency:
        """Choose targets for blocks of users, each pair once."""
        ends, pieces, counts = np.cumsum(degrees), [], np.zeros(self.size.users, np.int64)
        blocks = np.searchsorted(ends, np.arange(0, max(ends[-1], 1), _ROWS_AT_ONCE), side="right")
        for first, last in zip(blocks, [*blocks[1:], self.size.users], strict=True):
            users = np.repeat(np.arange(first, last), degrees[first:last])
            chosen = choose(users)
            valid = (chosen >= 0) & ~((chosen == users) & without_self)
            keys = np.unique(users[valid] * targets + chosen[valid])
            counts[first:last] = np.bincount(keys // targets - first, minlength=last - first)
            pieces.append((keys % targets).astype(np.int32))
        return _unordered(counts, np.concatenate(pieces))

    def _by_popularity(self, random: np.random.Generator, users: Ints, places: _Places) -> Ints:
        community = self._community[users]
        elsewhere = random.random(len(users)) > _AT_HOME
        community[elsewhere] = random.integers(len(places.bounds) - 1, size=int(elsewhere.sum()))
        sizes = places.bounds[community + 1] - places.bounds[community]
        rank = (sizes * random.random(len(users)) ** 2.2).astype(np.int64)
        chosen = np.minimum(places.bounds[community] + rank, len(places.members) - 1)
        return np.where(sizes > 0, places.members[chosen], -1)

    def _active_users(self, random: np.random.Generator, count: int) -> Ints:
        """Choose users by activity, a power law that has nothing to do with popularity."""
        places = (len(self._participants) * random.random(count) ** 1.8).astype(np.int64)
        return self._participants[places]

    def _moments(self, shares: Shares) -> Moments:
        """Return the moments of the year before the end."""
        year = np.timedelta64(_DAYS, "D").astype("timedelta64[us]").astype(np.int64)
        moments: Moments = self.end - (((1 - shares) * (year - 1)).astype(np.int64) + 1).astype("timedelta64[us]")
        return moments

    def _random(self, purpose: str) -> np.random.Generator:
        return np.random.default_rng([self._seed, *purpose.encode()])


@dataclass(frozen=True)
class MessageSlice:
    """Messages of a stretch of time, in time order, and the likes of them, in time order too.

    `mentioned` is -1 where nobody is; `liked` counts from the first message of the slice, whose index is `first`.
    """

    first: int
    authors: Ints
    rooms: Ints
    mentioned: Ints
    written_at: Moments
    likers: Ints
    liked: Ints
    liked_at: Moments


def _through(random: np.random.Generator, users: Ints, followees: Adjacency, links: Adjacency) -> Ints:
    between = followees.pick(random, users)
    return np.where(between >= 0, links.pick(random, np.maximum(between, 0)), -1)


def _merge(first: Adjacency, second: Adjacency, targets: int) -> Adjacency:
    """Unite two sets of links, block by block of users, each pair once."""
    users, pieces = len(first.starts) - 1, []
    counts = np.zeros(users, np.int64)
    rows = max(1, _ROWS_AT_ONCE * users // max(len(first.targets) + len(second.targets), 1))
    for start in range(0, users, rows):
        stop = min(start + rows, users)
        keys = np.unique(np.concatenate([_keys(links, start, stop, targets) for links in (first, second)]))
        counts[start:stop] = np.bincount(keys // targets - start, minlength=stop - start)
        pieces.append((keys % targets).astype(np.int32))
    return _unordered(counts, np.concatenate(pieces))


def _keys(links: Adjacency, start: int, stop: int, targets: int) -> Ints:
    rows = np.repeat(np.arange(start, stop), np.diff(links.starts[start : stop + 1]))
    return rows * targets + links.targets[links.starts[start] : links.starts[stop]]


def _group(values: Ints, groups: int) -> Adjacency:
    """Group positions by value."""
    order = np.argsort(values, kind="stable").astype(np.int32)
    return _unordered(np.bincount(values, minlength=groups), order)


def _unordered(counts: Ints, targets: npt.NDArray[np.int32]) -> Adjacency:
    """Return rows of so many targets, whose order in time nobody asks for."""
    return Adjacency(np.concatenate([[0], np.cumsum(counts)]), targets, np.zeros(len(counts), np.int64))
