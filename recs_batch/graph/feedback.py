"""What users were shown, and what they dismissed: who and what is never recommended again, or sinks."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from recs_batch.graph.files import Rows
from recs_batch.graph.ids import IdIndex
from recs_batch.graph.reading import Column, TableFiles, ages, integers, moments
from recs_batch.parameters import KINDS, Kind
from recs_batch.tables import OPTIONAL

SHOWN_FOR = 28  # days before the end of the night's day that impressions count
DISMISSED = 1 << 20  # in place of how often a score is halved
Dropped = dict[str, dict[str, int]]
_DAYS = 32  # a power of 2 beyond SHOWN_FOR


def read_feedback(
    folder: Path, end: datetime, people: dict[Kind, IdIndex], shown_days: int, dropped: Dropped
) -> dict[Kind, Rows]:
    """Return of every kind who was shown or dismissed what: DISMISSED, or how often the score is halved.

    It is halved once for every `shown_days` days, of the last SHOWN_FOR, on which the item was shown (0: never).
    What is unknown is counted in `dropped`.
    """
    seen, gone = (_keys(TableFiles(folder / table, end), end, people, dropped) for table in OPTIONAL)
    return {
        kind: _rows(seen[kind], gone[kind], shown_days, len(people["users"].ids), len(people[kind].ids))
        for kind in KINDS
    }


def without_feedback(users: int) -> Rows:
    """Return the rows of a network in which nobody was shown anything."""
    nothing = np.empty(0, np.int32)
    return Rows(np.zeros(users + 1, np.int64), nothing, nothing)


def _keys(files: TableFiles, end: datetime, people: dict[Kind, IdIndex], dropped: Dropped) -> dict[Kind, Column]:
    """Return sorted keys `(user * items + item) * _DAYS + age` of every kind, each once."""
    found: dict[Kind, list[Column]] = {kind: [np.empty(0, np.int64)] for kind in KINDS}
    files.dropped["unknown"] = 0
    for batch in files.batches(*OPTIONAL[files.name], timed=False):
        age = ages(moments(batch, "shown_at"), end) if files.name == "impressions" else np.zeros(len(batch), np.int64)
        known, recent, names = age < 0, (age >= 0) & (age < SHOWN_FOR), batch.column("kind").cast(pa.string())
        files.dropped["late"] += int(known.sum())
        for kind, parts in found.items():
            user, item = people["users"].find(integers(batch, "user_id")), people[kind].find(integers(batch, "item_id"))
            there = (user >= 0) & (item >= 0) & pc.equal(names, kind).to_numpy(zero_copy_only=False)
            known |= there
            there &= recent
            pairs = user[there].astype(np.int64) * len(people[kind].ids) + item[there]
            parts.append(np.unique(pairs * _DAYS + age[there]))
        files.dropped["unknown"] += int((~known).sum())
    if files.rows:
        dropped[files.name] = files.dropped
    return {kind: np.unique(np.concatenate(parts)) for kind, parts in found.items()}


def _rows(seen: Column, gone: Column, shown_days: int, users: int, items: int) -> Rows:
    shown, days = np.unique(seen // _DAYS, return_counts=True)
    halvings = days // shown_days if shown_days else np.zeros_like(days)
    shown, halvings = shown[halvings > 0], halvings[halvings > 0]
    pairs, place = np.unique(np.concatenate([shown, gone // _DAYS]), return_inverse=True)
    weights: npt.NDArray[np.int32] = np.zeros(len(pairs), np.int32)
    np.maximum.at(weights, place, np.concatenate([halvings, np.full(len(gone), DISMISSED)]).astype(np.int32))
    user, item = np.divmod(pairs, max(items, 1))
    return Rows(np.searchsorted(user, np.arange(users + 1)).astype(np.int64), item.astype(np.int32), weights)
