"""The split: recommend on what was known at a day's end, compare with the links made in the days after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt

from common.logs import get_logger
from recs_batch.evaluation.hold_out import without_a_share
from recs_batch.graph import steps
from recs_batch.graph.files import Positions, pairs_writer, read_array, read_pairs
from recs_batch.graph.ids import Indices
from recs_batch.graph.tables import DayTables
from recs_batch.parameters import KINDS, Kind, Parameters
from recs_batch.recommendations import concatenate

SHARE = 0.2  # of all links, held back where they do not say when they were made
MOST_USERS = 20_000  # evaluated, drawn at random beyond that
NOTHING = -1
LINKS: dict[Kind, str] = {"users": "follows", "rooms": "subscriptions"}

log = get_logger(__name__)


@dataclass(frozen=True)
class Truth:
    """The links that were not known: user i has `targets[bounds[i] : bounds[i + 1]]`, ascending."""

    bounds: Positions
    targets: Indices

    def of(self, user: int) -> Indices:
        """Return the hidden links of a user."""
        return self.targets[self.bounds[user] : self.bounds[user + 1]]


@dataclass(frozen=True)
class Split:
    """What was known, in the folder `engagement`, and the links of `users` that were not.

    Unknown are the links made between the ends of `cut` and `day`, or, if `at_random`, a share of all; `tables` are
    those with what was known in them.
    """

    tables: Path
    cut: date
    day: date
    at_random: bool
    engagement: Path
    users: Mapping[Kind, Indices]
    truth: Mapping[Kind, Truth]


def split(
    tables: Path,
    day: date,
    days: int,
    parameters: Parameters,
    scratch: Path,
    *,
    seed: int = 0,
    most: int = MOST_USERS,
    share: float = SHARE,
) -> Split:
    """Hold back the last `days` days before the end of `day`, for everybody at once.

    Where that says nothing, for no link was made in these days, or every one, a `share` of the links is held back. At
    `most` so many users are evaluated.
    """
    by_time = _split((tables, tables), (day - timedelta(days=days), day), parameters, scratch / "by-time", most)
    known = sum(int(read_pairs(by_time.engagement, kind).linked.sum()) for kind in KINDS)
    if known and any(len(users) for users in by_time.users.values()):
        return by_time
    log.warning("links do not say when they were made: holding back some at random", share=share)
    kept = without_a_share(tables, day, scratch / "kept", seed, share)
    return _split((tables, kept), (day, day), parameters, scratch / "at-random", most)


def _split(
    all_and_known: tuple[Path, Path], period: tuple[date, date], parameters: Parameters, scratch: Path, most: int
) -> Split:
    (tables, known), (cut, day) = all_and_known, period
    engagement = scratch / "engagement"
    engagement.mkdir(parents=True)
    steps.count_engagement(known, cut, parameters, engagement)
    before, after = DayTables(known, cut), DayTables(tables, day)
    random = np.random.default_rng(0)
    users, truth = {}, {}
    for kind, name in LINKS.items():
        truth[kind] = _new_links(before, after, name)
        active = before.users.active & (np.diff(truth[kind].bounds) > 0)
        if known != tables:
            _hide_pairs(engagement, kind, truth[kind])
        found = np.flatnonzero(active).astype(np.int32)
        users[kind] = np.sort(random.choice(found, min(len(found), most), replace=False))
    return Split(known, cut, day, known != tables, engagement, users, truth)


def _hide_pairs(engagement: Path, kind: Kind, truth: Truth) -> None:
    """Remove what users had to do with what is hidden from them at random: most of it came after the link."""
    pairs, count = read_pairs(engagement, kind), len(read_array(engagement, f"{kind}.active"))
    users = np.arange(len(pairs.bounds) - 1)
    rows, hidden = (np.repeat(users, np.diff(one.bounds)) for one in (pairs, truth))
    kept = ~np.isin(rows * count + pairs.targets, hidden * count + truth.targets)
    columns = [np.array(column[kept]) for column in pairs[1:]]
    with pairs_writer(engagement, kind) as writer:
        writer.append(np.bincount(rows[kept], minlength=len(users)), *columns)


def _new_links(before: DayTables, after: DayTables, name: str) -> Truth:
    """Return the links known after and not before, among users and items that were there before and are active."""
    then = before.users if name == "follows" else before.rooms
    now = after.users if name == "follows" else after.rooms
    user, target = np.divmod(after.links(name), max(now.count, 1))
    user, target = before.users.index.find(after.users.index.ids[user]), then.index.find(now.index.ids[target])
    there = (user >= 0) & (target >= 0)
    user, target = user[there].astype(np.int64), target[there]
    keys = np.setdiff1d(user * then.count + target, before.links(name), assume_unique=True)
    user, target = np.divmod(np.sort(keys[then.active[keys % max(then.count, 1)]]), max(then.count, 1))
    return Truth(np.searchsorted(user, np.arange(before.users.count + 1)), target.astype(np.int32))


def ranked_items(halves: Split, kind: Kind, parameters: Parameters, scratch: Path) -> Indices:
    """Return the items recommended to each of the split's users, best first, -1 where there are fewer."""
    ids = {side: read_array(halves.engagement, f"{side}.ids") for side in KINDS}
    only = np.zeros(len(ids["users"]), np.bool_)
    only[halves.users[kind]] = True
    items = np.full((len(only), parameters.top), NOTHING, np.int32)
    if only.any():
        scratch.mkdir(parents=True, exist_ok=True)
        steps.build_filter(halves.engagement, kind, parameters, scratch, only)
        found = concatenate(steps.recommend(halves.engagement, scratch, kind, parameters, only, told=0))
        items[np.searchsorted(ids["users"], found.user), found.rank - 1] = np.searchsorted(ids[kind], found.item)
    return items[halves.users[kind]]


def baseline_items(halves: Split, kind: Kind, parameters: Parameters, name: str) -> Indices:
    """Return what `popularity` overall, or `random` choice, would recommend to each of the split's users."""
    bounds, excluded = steps.excluded_of(halves.engagement, kind)
    random, popularity = np.random.default_rng(0), popularity_of(halves, kind)
    active = np.flatnonzero(read_array(halves.engagement, f"{kind}.active")).astype(np.int32)
    order = active[np.argsort(-popularity[active], kind="stable")]
    items = np.full((len(halves.users[kind]), parameters.top), NOTHING, np.int32)
    for row, user in enumerate(halves.users[kind]):
        hidden = excluded[bounds[user] : bounds[user + 1]]
        if name == "random":
            order = random.choice(active, min(len(active), len(hidden) + parameters.top), replace=False)
        first = order[: len(hidden) + parameters.top]
        found = first[~np.isin(first, hidden)][: parameters.top]
        items[row, : len(found)] = found
    return items


def popularity_of(halves: Split, kind: Kind) -> npt.NDArray[np.int64]:
    """Return how many users are linked to each item at the cut."""
    pairs = read_pairs(halves.engagement, kind)
    active = read_array(halves.engagement, f"{kind}.active")
    return np.bincount(pairs.targets[pairs.linked], minlength=len(active)).astype(np.int64)
