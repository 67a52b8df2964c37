"""Parquet tables as numpy columns, a batch at a time: what is null or late is left out, each row alone, and counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from common.errors import DataError
from common.progress import track

OLDEST = 4095  # days: events that are older count as this old
_ROWS_AT_ONCE = 1 << 20
MICROSECONDS_PER_DAY = 86_400_000_000
_MAY_BE_NULL = {"messages": {"mention_ids", "room_id"}}  # without a room it is a direct message
Column = npt.NDArray[np.int64]


def end_of(day: date) -> datetime:
    """Return the midnight (UTC) that ends a day."""
    return datetime.combine(day + timedelta(days=1), datetime.min.time(), UTC)


class TableFiles:
    """One table in `<folder>/*.parquet`, of which only what happened before `end` counts; `dropped` tells the rest."""

    def __init__(self, folder: Path, end: datetime) -> None:
        self.name, self._end = folder.name, end
        self._files = [pq.ParquetFile(path, memory_map=True) for path in sorted(folder.glob("*.parquet"))]
        self.dropped: Counter[str] = Counter(nulls=0, late=0)

    @property
    def rows(self) -> int:
        """How many rows the table has."""
        return sum(file.metadata.num_rows for file in self._files)

    def batches(self, *columns: str, timed: bool = True) -> Iterator[pa.RecordBatch]:
        """Yield the rows that have a value in each of `columns` and a time before the end.

        A message needs no room and no mentions, and no row a time if `timed` is False: what has none was always there.
        """
        names = list(dict.fromkeys([*columns, *["created_at"] * self._must_look_at_times(timed)]))
        for file in self._files:
            batches = file.iter_batches(_ROWS_AT_ONCE, columns=names, use_threads=True)
            for batch in track(batches, f"read {self.name}"):
                yield self._fit(batch, timed)

    def _fit(self, batch: pa.RecordBatch, timed: bool) -> pa.RecordBatch:
        optional = _MAY_BE_NULL.get(self.name, set()) | (set() if timed else {"created_at"})
        required = [name for name in batch.schema.names if name not in optional]
        if any(batch.column(name).null_count for name in required):
            complete = reduce(pc.and_, (batch.column(name).is_valid() for name in required))
            self.dropped["nulls"] += len(batch) - pc.sum(complete).as_py()
            batch = batch.filter(complete)
        if "created_at" in batch.schema.names:
            early = pc.fill_null(pc.less(batch.column("created_at").cast(_TIME, safe=False), self._end), True)
            if not pc.all(early, min_count=0).as_py():
                self.dropped["late"] += len(early) - pc.sum(early).as_py()
                batch = batch.filter(early)
        return batch

    def _must_look_at_times(self, timed: bool) -> bool:
        """Tell whether a time may be null or late, for all that the files' statistics say."""
        if not self._files or "created_at" not in self._files[0].schema_arrow.names:
            return False
        for statistics in self._statistics("created_at"):
            if statistics is None or not statistics.has_min_max or (timed and statistics.null_count != 0):
                return True
            if statistics.max.replace(tzinfo=UTC) >= self._end:
                return True
        return False

    def _statistics(self, column: str) -> Iterator[Any]:
        for file in self._files:
            for number in range(file.num_row_groups):
                group = file.metadata.row_group(number)
                chunks = (group.column(place) for place in range(group.num_columns))
                if group.num_rows:
                    yield next(chunk.statistics for chunk in chunks if chunk.path_in_schema == column)


_TIME = pa.timestamp("us", tz="UTC")


def integers(batch: pa.RecordBatch, column: str) -> Column:
    """Return a column as 64-bit integers, 0 for null. Raises `DataError` if one does not fit."""
    try:
        values: Column = batch.column(column).fill_null(0).cast(pa.int64()).to_numpy(zero_copy_only=False)
    except pa.ArrowInvalid:
        raise DataError(f"{column} has a value of 2^63 or more, beyond what an id may be") from None
    return values


def moments(batch: pa.RecordBatch, column: str = "created_at") -> Column:
    """Return times as microseconds since 1970."""
    values: Column = batch.column(column).cast(_TIME, safe=False).cast(pa.int64()).to_numpy(zero_copy_only=False)
    return values


def ages(found: Column, end: datetime) -> Column:
    """Return how many calendar days (UTC) lie between moments and the day that ends at `end`."""
    last = round(end.timestamp()) * 1_000_000 - 1
    return np.minimum((last - found) // MICROSECONDS_PER_DAY, OLDEST)
