"""One user's scores and reasons, from the files of the steps: reads the rows it needs, nothing whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from recs_batch.graph.feedback import DISMISSED
from recs_batch.graph.files import Folder, Pairs, Rows, read_array, read_pairs, read_rows
from recs_batch.graph.found import CONNECTION, NEIGHBOURHOOD, ROOM
from recs_batch.graph.ids import Indices
from recs_batch.graph.links import UNITS_PER_LINK, Row, Units, heaviest
from recs_batch.graph.steps import UNIT
from recs_batch.parameters import KINDS, Filter, Kind
from recs_batch.stored_arrays import slices

Scores = npt.NDArray[np.int64]


class Links(NamedTuple):
    """One user's row of J: `user` is the index, None of a newcomer who has none; indices and their weights."""

    user: int | None
    users: Indices
    user_weights: Scores
    rooms: Indices
    room_weights: Scores


class Reason(NamedTuple):
    """What one link counts for an item: a kind of `REASONS`, the index of a user or room, in units of `UNIT`."""

    kind: int
    place: int
    weight: int


class OneUser:
    """Maps what `steps` wrote and answers about users one at a time, by their indices."""

    unit = UNIT

    def __init__(self, engagement: Folder, filtered: Folder, kind: Kind) -> None:
        self.ids = {side: read_array(engagement, f"{side}.ids") for side in KINDS}
        self.kind, self._pairs = kind, read_pairs(engagement, kind)
        self.active = {side: read_array(engagement, f"{side}.active") for side in KINDS}
        self._blocked = read_rows(engagement, "blocked")
        self._feedback = read_rows(engagement, f"feedback.{kind}")
        self._links = [read_rows(filtered, f"links.{side}") for side in KINDS]
        self._similar = [read_rows(filtered, side) for side in KINDS]
        self._popular = tuple(read_array(filtered, f"popular.{part}") for part in ("items", "counts"))

    def links_of(self, user: int) -> Links:
        """Return a user's links."""
        with_users, with_rooms = (_row(rows, user) for rows in self._links)
        return Links(user, *with_users, *with_rooms)

    def scores(self, links: Links) -> tuple[Indices, Scores]:
        """Return every item that links lead to, ascending, with its score; nothing is filtered."""
        items, scores = [np.empty(0, np.int32)], [np.empty(0, np.int64)]
        for _, _, weight, (targets, values) in self._sources(links):
            items.append(targets)
            scores.append(values * weight)
        found, place = np.unique(np.concatenate(items), return_inverse=True)
        sums = np.zeros(len(found), np.int64)
        np.add.at(sums, place, np.concatenate(scores))
        return found, sums

    def filter_of(self, user: int, item: int) -> str | None:
        """Return what keeps an item from being recommended to a user, None if nothing does."""
        place = _place(self._pairs, user, item)
        filters = {
            "the user is inactive": not self.active["users"][user],
            "it is the user": self.kind == "users" and user == item,
            "the item is inactive": not self.active[self.kind][item],
            "one of the two blocked the other": self.kind == "users" and item in _row(self._blocked, user)[0],
            "dismissed by the user": self.halvings(user, item) >= DISMISSED,
            f"already {'followed' if self.kind == 'users' else 'joined'}": place is not None
            and bool(self._pairs.linked[place]),
        }
        return next((name for name, applies in filters.items() if applies), None)

    def allowed(self, user: int, items: Indices) -> npt.NDArray[np.bool_]:
        """Tell which of some items may be recommended to a user."""
        row = slice(*self._pairs.bounds[user : user + 2])
        hidden = [self._pairs.targets[row][self._pairs.linked[row]]]
        told, halvings = _row(self._feedback, user)
        hidden.append(told[halvings >= DISMISSED])
        if self.kind == "users":
            hidden += [_row(self._blocked, user)[0], np.array([user], np.int32)]
        return ~np.isin(items, np.concatenate(hidden))

    def halvings(self, user: int, item: int) -> int:
        """Return how often an item's score is halved for a user, because it was shown on many days."""
        items, halvings = _row(self._feedback, user)
        return int(halvings[items == item].sum())

    def sunk(self, user: int, items: Indices, scores: Scores) -> Scores:
        """Return scores as the night ranks them for a user: halved for what was shown on many days, down to 1."""
        told, halvings = _row(self._feedback, user)
        place = np.searchsorted(items, told)
        there = (halvings < DISMISSED) & (place < len(items))
        there[there] = items[place[there]] == told[there]
        found = np.asarray(scores).copy()
        found[place[there]] = np.maximum(found[place[there]] >> halvings[there], 1)
        return found

    def reasons(self, links: Links, item: int) -> list[Reason]:
        """Return all that an item's score is the sum of, the heaviest first, ties to users first and by index."""
        found = []
        for side, source, weight, (targets, values) in self._sources(links):
            place = int(np.searchsorted(targets, item))
            if place < len(targets) and targets[place] == item:
                kind = ROOM if side == 1 else NEIGHBOURHOOD if source == links.user else CONNECTION
                found.append(Reason(kind, source, weight * int(values[place])))
        return sorted(found, key=lambda reason: (-reason.weight, reason.kind == ROOM, reason.place))

    def popular(self, hidden: Indices, count: int) -> list[tuple[int, int]]:
        """Return the `count` most popular items that are not hidden, with how many are linked to each."""
        items, counts = (np.asarray(array[: count + len(hidden)]) for array in self._popular)
        allowed = ~np.isin(items, hidden)
        return list(zip(items[allowed][:count].tolist(), counts[allowed][:count].tolist(), strict=True))

    def _sources(self, links: Links) -> Iterator[tuple[int, int, int, tuple[Indices, Scores]]]:
        """Yield side, index and weight of everything linked to, with its row of similarities."""
        sides = ((links.users, links.user_weights), (links.rooms, links.room_weights))
        for side, (sources, weights) in enumerate(sides):
            rows = _rows(self._similar[side], sources)
            for source, weight, row in zip(sources, weights, rows, strict=True):
                yield side, int(source), int(weight), row


def newcomer_links(users: Indices, rooms: Indices, chosen: Filter) -> Links:
    """Return the links of somebody who follows and has joined these, and whom the night did not know."""
    weights = UNITS_PER_LINK, Units.of(chosen).rooms
    rows = [
        Row(np.array([0, len(np.unique(side))]), np.unique(side), np.full(len(np.unique(side)), weight))
        for side, weight in zip((users, rooms), weights, strict=True)
    ]
    to_users, to_rooms = heaviest(*rows)
    return Links(None, to_users.targets, to_users.weights, to_rooms.targets, to_rooms.weights)


def _rows(rows: Rows, indices: Indices) -> list[tuple[Indices, Scores]]:
    bounds = slices(rows.bounds, [(int(index), int(index) + 2) for index in indices])
    places = [(int(first), int(last)) for first, last in bounds]
    weights = (row.astype(np.int64) for row in slices(rows.weights, places))
    return list(zip(slices(rows.targets, places), weights, strict=True))


def _row(rows: Rows, index: int) -> tuple[Indices, Scores]:
    return _rows(rows, np.array([index], np.int32))[0]


def _place(pairs: Pairs, user: int, item: int) -> int | None:
    first, last = pairs.bounds[user : user + 2]
    place = int(first + np.searchsorted(pairs.targets[first:last], item))
    return place if place < last and pairs.targets[place] == item else None
