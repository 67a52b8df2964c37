"""One user's scores and reasons, from the files of the steps: reads the rows it needs, nothing whole."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from recs_batch.graph.engagement import event_values
from recs_batch.graph.feedback import DISMISSED
from recs_batch.graph.files import Folder, Pairs, Rows, read_array, read_pairs, read_rows
from recs_batch.graph.found import CONNECTION, FOLLOWERS, ROOM
from recs_batch.graph.ids import Indices
from recs_batch.graph.links import UNITS_PER_LINK, Row, Units, heaviest
from recs_batch.graph.steps import unit_of
from recs_batch.parameters import KINDS, Kind, Parameters
from recs_batch.stored_arrays import slices

Scores = npt.NDArray[np.int64]


class Links(NamedTuple):
    """One user's row of J: `user` is the index, None of a newcomer who has none; indices and their weights."""

    user: int | None
    users: Indices
    user_weights: Scores
    rooms: Indices
    room_weights: Scores


class Ways(NamedTuple):
    """All ways from a user over a link to an item, as columns: the item, what it counts, and the link's kind and index.

    A kind is a place in `REASONS`.
    """

    items: Indices
    weights: Scores
    kinds: npt.NDArray[np.int8]
    places: Indices


class Reason(NamedTuple):
    """What one link counts for an item: a kind of `REASONS`, the index of a user or room, in units of the score."""

    kind: int
    place: int
    weight: int


class OneUser:
    """Maps what `steps` wrote and answers about users one at a time, by their indices."""

    def __init__(self, engagement: Folder, filtered: Folder, kind: Kind, parameters: Parameters) -> None:
        self.unit = unit_of(parameters)
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

    def ways_of(self, links: Links) -> Ways:
        """Return all ways that links open."""
        nothing = np.empty(0, np.int32)
        parts = [Ways(nothing, nothing.astype(np.int64), nothing.astype(np.int8), nothing)]
        for kind, sources, weights, similar in (
            (CONNECTION, links.users, links.user_weights, self._similar[0]),
            (ROOM, links.rooms, links.room_weights, self._similar[1]),
        ):
            rows = _rows(similar, sources)
            lengths = [len(targets) for targets, _ in rows]
            kinds = np.full(len(sources), kind, np.int8)
            if kind == CONNECTION and links.user is not None:
                kinds[sources == links.user] = FOLLOWERS
            counted = [values * weight for (_, values), weight in zip(rows, weights.tolist(), strict=True)]
            items = [targets for targets, _ in rows]
            if rows:
                repeated = np.repeat(kinds, lengths), np.repeat(sources, lengths)
                parts.append(Ways(np.concatenate(items), np.concatenate(counted), *repeated))
        return Ways(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))

    @staticmethod
    def scores(ways: Ways) -> tuple[Indices, Scores]:
        """Return every item that ways lead to, ascending, with its score; nothing is filtered."""
        order = np.argsort(ways.items, kind="stable")
        items = ways.items[order]
        starts = np.flatnonzero(np.diff(items, prepend=-1))
        return items[starts], np.add.reduceat(ways.weights[order], starts) if len(starts) else ways.weights

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

    @staticmethod
    def reasons(ways: Ways, item: int) -> list[Reason]:
        """Return all that an item's score is the sum of, the heaviest first, ties to users first and by index."""
        there = ways.items == item
        columns = (ways.kinds[there].tolist(), ways.places[there].tolist(), ways.weights[there].tolist())
        found = (Reason(*reason) for reason in zip(*columns, strict=True))
        return sorted(found, key=lambda reason: (-reason.weight, reason.kind == ROOM, reason.place))

    def popular(self, hidden: Indices, count: int) -> list[tuple[int, int]]:
        """Return the `count` most popular items that are not hidden, with how many are linked to each."""
        items, counts = (np.asarray(array[: count + len(hidden)]) for array in self._popular)
        allowed = ~np.isin(items, hidden)
        return list(zip(items[allowed][:count].tolist(), counts[allowed][:count].tolist(), strict=True))


def newcomer_links(users: Indices, rooms: Indices, kind: Kind, parameters: Parameters) -> Links:
    """Return the links of somebody who follows and has joined these, and whom the night did not know."""
    if parameters.scorer == "count":
        return _counted_links(np.unique(users), parameters)
    weights = UNITS_PER_LINK, Units.of(parameters.filter_of(kind)).rooms
    rows = [
        Row(np.array([0, len(np.unique(side))]), np.unique(side), np.full(len(np.unique(side)), weight))
        for side, weight in zip((users, rooms), weights, strict=True)
    ]
    to_users, to_rooms = heaviest(*rows)
    return Links(None, to_users.targets, to_users.weights, to_rooms.targets, to_rooms.weights)


def _counted_links(users: Indices, parameters: Parameters) -> Links:
    """Return the connections of somebody who only follows: all are as close, and by id the first count."""
    followed = int(event_values(parameters.weights, None)["follow"][0])
    close = users[: parameters.closest if followed else 0]
    weights = np.full(len(close), followed if parameters.second_hop == "follows" else 1, np.int64)
    nothing = np.empty(0, np.int32)
    return Links(None, close, weights, nothing, nothing.astype(np.int64))


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
