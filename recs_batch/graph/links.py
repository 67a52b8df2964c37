"""The matrix J of links: a row for every user, a column for every user and room, in whole numbers of 1/1024."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from recs_batch.graph.files import Pairs, Positions, RowsWriter, read_array, read_pairs
from recs_batch.graph.ids import Indices
from recs_batch.graph.packed import pack
from recs_batch.parameters import UNITS_PER_ENGAGEMENT, Filter

UNITS_PER_LINK = 1024
MOST_LINKS = 1000  # of one user, the heaviest, so that work per user is bounded
SCALE = 1 << 16  # what 1 is in a link divided by the root of its user's degree
HALF = 5 * UNITS_PER_ENGAGEMENT  # so much engagement counts half of what it can
_USERS_AT_ONCE = 1 << 14


class Row(NamedTuple):
    """One user's links, or several users' one behind the other: `bounds` tells whose."""

    bounds: Positions
    targets: Indices
    weights: npt.NDArray[np.int64]


class Units(NamedTuple):
    """A filter's numbers as whole units."""

    rooms: int
    own: int
    engagement: int

    @classmethod
    def of(cls, chosen: Filter) -> Units:
        """Round a filter's numbers."""
        return cls(*(round(UNITS_PER_LINK * share) for share in (chosen.rooms, chosen.own, chosen.engagement)))


def write_links(engagement: Path, chosen: Filter, folder: Path) -> tuple[Positions, Positions]:
    """Write every user's links to users and to rooms; return the degrees of users and of rooms as targets.

    `scaled` are, packed, the weights divided by the square root of the user's degree.
    """
    with_users, with_rooms = read_pairs(engagement, "users"), read_pairs(engagement, "rooms")
    active, rooms = read_array(engagement, "users.active"), len(read_array(engagement, "rooms.active"))
    units, count = Units.of(chosen), len(active)
    degrees = np.zeros(count, np.int64), np.zeros(rooms, np.int64)
    with _writer(folder, "links.users") as users_writer, _writer(folder, "links.rooms") as rooms_writer:
        for first in range(0, count, _USERS_AT_ONCE):
            block = slice(first, min(first + _USERS_AT_ONCE, count))
            sides = heaviest(links_to_users(with_users, block, active, units), links_to_rooms(with_rooms, block, units))
            of_user = sum(_per_row(side, side.weights) for side in sides)
            for side, degree, writer in zip(sides, degrees, (users_writer, rooms_writer), strict=True):
                lengths = np.diff(side.bounds)
                root = np.sqrt(np.repeat(of_user, lengths) / UNITS_PER_LINK)
                scaled = np.maximum(np.floor(side.weights * (SCALE / UNITS_PER_LINK) / root + 0.5), 1)
                writer.append(lengths, side.targets, side.weights, pack(side.targets, scaled.astype(np.int64)))
                degree[:] += np.bincount(side.targets, side.weights, len(degree)).astype(np.int64)
    return degrees


def links_to_users(pairs: Pairs, users: slice, active: npt.NDArray[np.bool_], units: Units) -> Row:
    """Return the links of a block of users to users, among them that of every active one to themselves."""
    found = _weighted(pairs, users, units, UNITS_PER_LINK)
    own = np.flatnonzero(active[users])
    rows = np.repeat(np.arange(users.stop - users.start), np.diff(found.bounds))
    keys = rows * len(active) + found.targets
    places = np.searchsorted(keys, own * len(active) + own + users.start)
    bounds = found.bounds + np.concatenate([[0], np.cumsum(active[users])])
    return Row(bounds, np.insert(found.targets, places, own + users.start), np.insert(found.weights, places, units.own))


def links_to_rooms(pairs: Pairs, users: slice, units: Units) -> Row:
    """Return the links of a block of users to rooms."""
    return _weighted(pairs, users, units, units.rooms)


def heaviest(to_users: Row, to_rooms: Row) -> tuple[Row, Row]:
    """Return the heaviest links of every user, ties first to users and then by index."""
    lengths = np.diff(to_users.bounds) + np.diff(to_rooms.bounds)
    if lengths.max(initial=0) <= MOST_LINKS:
        return to_users, to_rooms
    kept = np.ones(len(to_users.targets), np.bool_), np.ones(len(to_rooms.targets), np.bool_)
    for row in np.flatnonzero(lengths > MOST_LINKS):
        one, other = (slice(*side.bounds[row : row + 2]) for side in (to_users, to_rooms))
        weights = np.concatenate([to_users.weights[one], to_rooms.weights[other]])
        light = np.argsort(-weights, kind="stable")[MOST_LINKS:]
        split = one.stop - one.start
        kept[0][one.start + light[light < split]] = False
        kept[1][other.start + light[light >= split] - split] = False
    return _chosen(to_users, kept[0]), _chosen(to_rooms, kept[1])


def _weighted(pairs: Pairs, users: slice, units: Units, unit: int) -> Row:
    bounds = pairs.bounds[users.start : users.stop + 1]
    inside = slice(int(bounds[0]), int(bounds[-1]))
    events = pairs.events[inside].astype(np.int64)
    weights = pairs.linked[inside] * UNITS_PER_LINK + units.engagement * events // (events + HALF)
    row = Row(bounds - bounds[0], pairs.targets[inside], weights * unit // UNITS_PER_LINK)
    return _chosen(row, row.weights > 0)


def _chosen(row: Row, kept: npt.NDArray[np.bool_]) -> Row:
    before = np.concatenate([[0], np.cumsum(kept)])
    return Row(before[row.bounds], row.targets[kept], row.weights[kept])


def _per_row(row: Row, values: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    before = np.concatenate([[0], np.cumsum(values)])
    return np.asarray(before[row.bounds[1:]] - before[row.bounds[:-1]])


def _writer(folder: Path, name: str) -> RowsWriter:
    return RowsWriter(folder, name, targets=np.int32, weights=np.int32, scaled=np.int64)
