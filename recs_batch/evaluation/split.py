"""The split: recommend on what was known at a day's end, compare with the links made in the days after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt

from common.logs import get_logger
from recs_batch.evaluation.hold_out import without_a_fifth
from recs_batch.graph import steps
from recs_batch.graph.files import read_sets
from recs_batch.graph.inputs import Inputs
from recs_batch.graph.popularity import Ranked, walk
from recs_batch.graph.rows import Indices, Rows
from recs_batch.graph.social import read_links
from recs_batch.parameters import KINDS, Kind, Parameters
from recs_batch.recommendations import concatenate

MOST_USERS = 20_000  # evaluated, drawn at random beyond that
NOTHING = -1
LINKS: dict[Kind, str] = {"users": "follows", "rooms": "subscriptions"}

log = get_logger(__name__)


@dataclass(frozen=True)
class Split:
    """What was known, in the steps' folders, and the links of `users` that were not.

    Unknown are the links made between the ends of `cut` and `day`, or, if `at_random`, a fifth of all; `tables` are
    those with what was known in them.
    """

    tables: Path
    cut: date
    day: date
    at_random: bool
    folders: tuple[Path, Path, Path]
    users: Mapping[Kind, Indices]
    truth: Mapping[Kind, Rows]


def split(tables: Path, day: date, days: int, parameters: Parameters, scratch: Path, *, seed: int = 0) -> Split:
    """Hold back the last `days` days before the end of `day`, for everybody at once.

    Where that says nothing, for no link was made in these days, or every one, a fifth of the links is held back.
    """
    period = day - timedelta(days=days), day
    by_time = _split(tables, tables, period, parameters, scratch / "by-time")
    known = sum(len(read_sets(by_time.folders[0], name).targets) for name in LINKS.values())
    if known and any(len(users) for users in by_time.users.values()):
        return by_time
    log.warning("links do not say when they were made: holding back a fifth of them at random")
    kept = without_a_fifth(tables, scratch / "kept", seed)
    return _split(tables, kept, (day, day), parameters, scratch / "at-random")


def _split(tables: Path, known: Path, period: tuple[date, date], parameters: Parameters, scratch: Path) -> Split:
    cut, day = period
    folders = (scratch / "engagement", scratch / "closest-users", scratch / "closest-rooms")
    for folder in folders:
        folder.mkdir(parents=True)
    steps.count_engagement(known, cut, parameters, folders[0])
    for kind, folder in zip(KINDS, folders[1:], strict=True):
        steps.find_closest(folders[0], kind, parameters.model_copy(update={"scorer": "blend"}), folder)
    random = np.random.default_rng(0)
    users, truth = {}, {}
    for kind, name in LINKS.items():
        new = _without(read_links(tables, day, name), read_sets(folders[0], name))
        truth[kind] = new
        active = Inputs.read(*folders, kind).served
        found = np.flatnonzero((new.ends > new.starts) & active).astype(np.int32)
        users[kind] = np.sort(random.choice(found, min(len(found), MOST_USERS), replace=False))
    return Split(known, cut, day, known != tables, folders, users, truth)


def ranked_items(halves: Split, kind: Kind, parameters: Parameters) -> Indices:
    """Return the items recommended to each of the split's users, best first, -1 where there are fewer."""
    inputs = Inputs.read(*halves.folders, kind)
    only = np.zeros(len(inputs.user_ids), np.bool_)
    only[halves.users[kind]] = True
    found = concatenate(steps.recommend(*halves.folders, kind, parameters, only))
    item_ids = inputs.user_ids if kind == "users" else inputs.room_ids
    items = np.full((len(only), parameters.top), NOTHING, np.int32)
    items[np.searchsorted(inputs.user_ids, found.user), found.rank - 1] = np.searchsorted(item_ids, found.item)
    return items[halves.users[kind]]


def baseline_items(halves: Split, kind: Kind, parameters: Parameters, name: str) -> Indices:
    """Return what `popularity` overall, or `random` choice, would recommend to each of the split's users."""
    inputs = Inputs.read(*halves.folders, kind)
    candidates, random = inputs.candidates(), np.random.default_rng(0)
    popularity = np.bincount(inputs.links.targets, minlength=len(inputs.items_active))
    active = np.flatnonzero(inputs.items_active).astype(np.int32)
    order = active[np.argsort(-popularity[active], kind="stable")]
    nobody = Ranked(order[:0], np.empty(0, np.int64), True)
    items = np.full((len(halves.users[kind]), parameters.top), NOTHING, np.int32)
    for row, user in enumerate(halves.users[kind]):
        if name == "random":
            order = random.choice(active, min(len(active), 8 * parameters.top + 100), replace=False)
        found = walk(user, NOTHING, nobody, Ranked(order, popularity[order], True), candidates, parameters.top)[0]
        items[row, : len(found)] = found
    return items


def popularity_of(halves: Split, kind: Kind) -> npt.NDArray[np.int64]:
    """Return how many users are linked to each item at the cut."""
    inputs = Inputs.read(*halves.folders, kind)
    return np.bincount(inputs.links.targets, minlength=len(inputs.items_active)).astype(np.int64)


def _without(links: Rows, known: Rows) -> Rows:
    """Return the links that are not known; both are sorted sets."""
    targets, bounds = [], [0]
    for row in range(len(links.starts)):
        one = links.targets[links.starts[row] : links.ends[row]]
        new = np.setdiff1d(one, known.targets[known.starts[row] : known.ends[row]], assume_unique=True)
        targets.append(new)
        bounds.append(bounds[-1] + len(new))
    ends = np.array(bounds)
    return Rows(ends[:-1], ends[1:], np.concatenate(targets), np.empty(0, np.uint16))
