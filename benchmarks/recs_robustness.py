"""Are the filters good on networks that they were not fitted on? `make bench-recs-families` prints recall@5 by family.

A fifth of all follows and memberships is hidden at random (of mutual follows both directions), nothing has a useful
time, and in most families nobody writes or likes. The single sources are computed here, by matrices: the two counts
of 2019, common neighbours over the ten closest discounted by Adamic and Adar, members in common, popularity.
"""

from __future__ import annotations

import sys
import tempfile
import zlib
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.recs_families import FAMILIES, USERS, Family, Pairs, memberships
from recs_batch.evaluation.fit import fit
from recs_batch.graph import steps
from recs_batch.parameters import KINDS, Kind, Parameters
from recs_batch.recommendations import concatenate
from recs_batch.tables import fetch_tables

DAY, MOMENT, TOP = date(2026, 10, 31), datetime(2026, 1, 1, tzinfo=UTC), 5
Matrix = npt.NDArray[np.float32]
Column = npt.NDArray[np.int64]


def main(names: list[str]) -> None:
    """Print a table for users and one for rooms, of the families named or of all."""
    measured = {name: measure(name) for name in names or FAMILIES}
    for kind in KINDS:
        sources = next(iter(measured.values()))[kind]
        print(f"\n| {kind} | {' | '.join(sources)} |\n|---|{'---|' * len(sources)}")
        for name, recalls in measured.items():
            print(f"| {name} | {' | '.join(f'{recall:.3f}' for recall in recalls[kind].values())} |")


def measure(name: str, users: int = USERS, parameters: Parameters | None = None) -> dict[Kind, dict[str, float]]:
    """Return recall@5 of the filters and of every other method on one family, for users and rooms."""
    parameters, family = parameters or Parameters(), FAMILIES[name]
    random = np.random.default_rng(zlib.crc32(name.encode()))
    friends = family.friends(random, users)
    links: dict[Kind, Pairs] = {"users": friends.pairs, "rooms": memberships(family, friends.pairs, random, users)}
    sizes: dict[Kind, int] = {"users": users, "rooms": family.rooms}
    known: dict[Kind, Pairs] = {}
    hidden: dict[Kind, Pairs] = {}
    for kind in KINDS:
        gone = _hide(links[kind], sizes[kind], kind == "users" and friends.mutual, random)
        known[kind], hidden[kind] = ((links[kind][0][rows], links[kind][1][rows]) for rows in (~gone, gone))
    with tempfile.TemporaryDirectory() as folder:
        write_tables(Path(folder) / "in", known, sizes, family, random)
        tables = fetch_tables(str(Path(folder) / "in"), Path(folder) / "tables")
        chosen = {"filter": parameters, "fitted": fit(tables, DAY, 28, parameters, Path(folder) / "fit")}
        found: dict[Kind, dict[str, float]] = {}
        for kind in KINDS:
            found[kind] = {
                name: recall(_recommended(tables, one, kind, Path(folder) / name), hidden[kind], sizes[kind])
                for name, one in chosen.items()
            }
            follows, joined = _matrix(known["users"], users, users), _matrix(known["rooms"], users, family.rooms)
            for source, scores in _single_sources(kind, follows, joined):
                scores[known[kind]] = -1
                if kind == "users":
                    np.fill_diagonal(scores, -1)
                found[kind][source] = recall(_best(scores), hidden[kind], sizes[kind])
        return found


def recall(items: npt.NDArray[np.int64], hidden: Pairs, count: int) -> float:
    """Return the mean share of a user's hidden links that is among the items, over users with any."""
    truth = _matrix(hidden, len(items), count) > 0
    hits = (np.take_along_axis(truth, np.maximum(items, 0), axis=1) & (items >= 0)).sum(axis=1)
    relevant = truth.sum(axis=1)
    return float((hits[relevant > 0] / relevant[relevant > 0]).mean())


def write_tables(
    folder: Path, known: dict[Kind, Pairs], sizes: dict[Kind, int], family: Family, random: np.random.Generator
) -> None:
    """Write the known links as a run's input; every instant is the same, for nobody noted any."""
    folder.mkdir(parents=True)
    (follower, followee), (member, room) = known["users"], known["rooms"]
    author, place = member[:0], room[:0]
    if family.talkative:
        chosen = random.integers(len(member), size=4 * sizes["users"])
        author, place = member[chosen], room[chosen]
    liker, liked = _likes(follower, followee, author, random)
    tables = {
        "users": {"id": np.arange(1, sizes["users"] + 1), "active": np.ones(sizes["users"], np.bool_)},
        "rooms": {"id": np.arange(1, sizes["rooms"] + 1), "active": np.ones(sizes["rooms"], np.bool_)},
        "follows": {"user_id": follower + 1, "following_user_id": followee + 1},
        "subscriptions": {"user_id": member + 1, "room_id": room + 1},
        "messages": {"id": np.arange(len(author)), "user_id": author + 1, "room_id": place + 1},
        "likes": {"user_id": liker + 1, "message_id": liked},
        "blocks": {"user_id": follower[:0], "blocked_user_id": follower[:0]},
    }
    for name, columns in tables.items():
        rows = len(next(iter(columns.values())))
        written = pa.table(columns)
        if name == "messages":
            written = written.append_column("mention_ids", pa.array([[]] * rows, pa.list_(pa.int64())))
        if name != "blocks":
            written = written.append_column("created_at", pa.array([MOMENT] * rows, pa.timestamp("us", tz="UTC")))
        pq.write_table(written, folder / f"{name}.parquet")


def _likes(follower: Column, followee: Column, author: Column, random: np.random.Generator) -> Pairs:
    """Followers like some of the messages of those they follow, of some much more than of others."""
    strength = random.beta(0.3, 1.0, len(follower))
    pairs = [
        (user, message)
        for user, other, share in zip(follower, followee, strength, strict=True)
        for message in np.flatnonzero(author == other)
        if random.random() < share
    ]
    return tuple(np.array(pairs, np.int64).reshape(-1, 2).T)  # type: ignore[return-value]


def _hide(pairs: Pairs, count: int, mutual: bool, random: np.random.Generator) -> npt.NDArray[np.bool_]:
    one, other = (np.minimum(*pairs), np.maximum(*pairs)) if mutual else pairs
    keys = one * max(count, 1) + other
    distinct, place = np.unique(keys, return_inverse=True)
    return (random.random(len(distinct)) < 0.2)[place]


def _recommended(tables: Path, parameters: Parameters, kind: Kind, folder: Path) -> npt.NDArray[np.int64]:
    engagement, filtered = folder / f"{kind}-engagement", folder / f"{kind}-filter"
    for one in (engagement, filtered):
        one.mkdir(parents=True)
    steps.count_engagement(tables, DAY, parameters, engagement)
    steps.build_filter(engagement, kind, parameters, filtered)
    rows = concatenate(steps.recommend(engagement, filtered, kind, parameters, told=0))
    items = np.full((rows.user.max(), TOP), -1)
    items[rows.user - 1, rows.rank - 1] = rows.item - 1
    return items


def _single_sources(kind: Kind, follows: Matrix, joined: Matrix) -> Iterator[tuple[str, Matrix]]:
    links = follows if kind == "users" else joined
    yield "Adamic-Adar", (follows / np.log2(2 + follows.sum(axis=1))) @ links
    if kind == "rooms":
        yield "members in common", joined @ (joined.T @ joined)
    else:
        yield "rooms in common", joined @ joined.T
    yield "popularity", np.tile(links.sum(axis=0), (len(links), 1))


def _matrix(pairs: Pairs, rows: int, columns: int) -> Matrix:
    matrix = np.zeros((rows, columns), np.float32)
    matrix[pairs] = 1
    return matrix


def _best(scores: Matrix) -> npt.NDArray[np.int64]:
    order = np.argsort(-scores, axis=1, kind="stable")[:, :TOP]
    return np.where(np.take_along_axis(scores, order, axis=1) > 0, order, -1)


if __name__ == "__main__":
    main(sys.argv[1:])
