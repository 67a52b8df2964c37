"""A share of all links hidden at random: what evaluation falls back on where links do not say when they were made."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from recs_batch.graph.reading import TableFiles, end_of, integers
from recs_batch.hashing import mixed
from recs_batch.tables import OPTIONAL, TABLES

_TARGETS = {"follows": "following_user_id", "subscriptions": "room_id"}


def without_a_share(tables: Path, day: date, folder: Path, seed: int, share: float) -> Path:
    """Put the tables of a day into `folder`, without a share of the links (of mutual follows in both directions).

    A pair's fate depends on its ids and the seed alone. Returns `folder`.
    """
    folder.mkdir(parents=True)
    for table in (*TABLES, *(name for name in OPTIONAL if (tables / name).exists())):
        if table in _TARGETS:
            _write_kept(TableFiles(tables / table, end_of(day)), _TARGETS[table], folder / table, seed, share)
        else:
            (folder / table).symlink_to((tables / table).resolve(), target_is_directory=True)
    return folder


def _write_kept(source: TableFiles, target: str, folder: Path, seed: int, share: float) -> None:
    folder.mkdir()
    writer: pq.ParquetWriter | None = None
    for batch in source.batches(*TABLES[source.name]):
        one, other = integers(batch, "user_id"), integers(batch, target)
        if source.name == "follows":
            one, other = np.minimum(one, other), np.maximum(one, other)
        kept = batch.filter(pa.array(_uniform(one, other, seed) >= share))
        writer = writer or pq.ParquetWriter(folder / "00000.parquet", batch.schema)
        writer.write_batch(kept)
    if writer is not None:
        writer.close()


def _uniform(one: npt.NDArray[np.int64], other: npt.NDArray[np.int64], seed: int) -> npt.NDArray[np.float64]:
    """Return a number between 0 and 1 for every pair, by their hash."""
    state = mixed(mixed(one.view(np.uint64) + np.uint64(seed)) + other.view(np.uint64))
    return np.asarray((state >> np.uint64(11)) * 2.0**-53)
