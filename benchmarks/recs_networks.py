"""The filters' recall on a real network: `python -m benchmarks.recs_networks friends.csv.gz places.csv.gz --mutual`.

Each file has a header and lines of two whole numbers: who follows whom (`--mutual`: both ways), who has joined what. A
fifth of the links is hidden at random or, with `--hidden FILE`, the memberships in it are. Nobody writes or likes. It
prints recall of the filters as they are and as a first night fits them, on the links that are left.
"""

from __future__ import annotations

import argparse
import tempfile
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from recs_batch.evaluation.evaluate import recalls
from recs_batch.evaluation.fit import fit
from recs_batch.evaluation.split import ranked_items, split
from recs_batch.parameters import KINDS, Parameters
from recs_batch.tables import fetch_tables

DAY, KNOWN, HIDDEN = date(2026, 10, 31), datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 10, 31, tzinfo=UTC)
Pairs = npt.NDArray[np.int64]


def main() -> None:
    """Print recall before and after the fit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("follows", type=Path)
    parser.add_argument("memberships", type=Path)
    parser.add_argument("--mutual", action="store_true")
    parser.add_argument("--hidden", type=Path)
    parser.add_argument("--top", type=int, default=5)
    options = parser.parse_args()
    follows, joined = _pairs(options.follows), _pairs(options.memberships)
    if options.mutual:
        follows = np.unique(np.concatenate([follows, follows[:, ::-1]]), axis=0)
    with tempfile.TemporaryDirectory() as folder:
        made, scratch, parameters = Path(folder) / "made", Path(folder), Parameters(top=options.top)
        _write(made, follows, joined, _pairs(options.hidden) if options.hidden else joined[:0])
        halves = split(fetch_tables(str(made), scratch / "tables"), DAY, 28, parameters, scratch / "split")
        fitted = fit(halves.tables, halves.cut, 28, parameters, scratch / "fit")
        print(f"recall@{options.top} | users measured | defaults | fitted |")
        for kind in KINDS:
            if len(halves.users[kind]):
                before, after = (
                    recalls(halves, kind, ranked_items(halves, kind, one, scratch / "filter")).mean()
                    for one in (parameters, fitted)
                )
                chosen = fitted.filter_of(kind).model_dump()
                print(f"{kind} | {len(halves.users[kind]):,} | {before:.4f} | {after:.4f} | {chosen}", flush=True)


def _pairs(path: Path) -> Pairs:
    """Read two columns of whole numbers, each pair of different ones once."""
    table = pyarrow.csv.read_csv(path)
    pairs = np.stack([table.column(place).to_numpy().astype(np.int64) for place in (0, 1)], axis=1)
    return np.unique(pairs, axis=0)


def _write(folder: Path, follows: Pairs, joined: Pairs, hidden: Pairs) -> None:
    folder.mkdir()
    people = np.unique(np.concatenate([follows.ravel(), joined[:, 0], hidden[:, 0]]))
    rooms = np.unique(np.concatenate([joined[:, 1], hidden[:, 1]]))
    follows, every = follows[follows[:, 0] != follows[:, 1]], np.concatenate([joined, hidden])
    nobody = np.empty(0, np.int64)
    tables = {
        "users": {"id": people, "active": np.ones(len(people), np.bool_)},
        "rooms": {"id": rooms, "active": np.ones(len(rooms), np.bool_)},
        "follows": {"user_id": follows[:, 0], "following_user_id": follows[:, 1], "created_at": _times(len(follows))},
        "subscriptions": {
            "user_id": every[:, 0],
            "room_id": every[:, 1],
            "created_at": _times(len(joined), len(hidden)),
        },
        "messages": {
            **dict.fromkeys(("id", "user_id", "room_id"), nobody),
            "mention_ids": pa.array([], pa.list_(pa.int64())),
            "created_at": _times(0),
        },
        "likes": {"user_id": nobody, "message_id": nobody, "created_at": _times(0)},
        "blocks": {"user_id": nobody, "blocked_user_id": nobody},
    }
    for name, columns in tables.items():
        pq.write_table(pa.table(columns), folder / f"{name}.parquet")


def _times(known: int, hidden: int = 0) -> pa.Array:
    return pa.array([KNOWN] * known + [HIDDEN] * hidden, pa.timestamp("us", tz="UTC"))


if __name__ == "__main__":
    main()
