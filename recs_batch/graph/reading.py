"""Parquet tables as numpy columns, a batch at a time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

_ROWS_AT_ONCE = 1 << 20


class TableFiles:
    """One table in `<folder>/*.parquet`."""

    def __init__(self, folder: Path) -> None:
        self.name = folder.name
        self._files = [pq.ParquetFile(path, memory_map=True) for path in sorted(folder.glob("*.parquet"))]

    @property
    def rows(self) -> int:
        """How many rows the table has."""
        return sum(file.metadata.num_rows for file in self._files)

    def batches(self, *columns: str) -> Iterator[pa.RecordBatch]:
        """Yield some columns of the rows that have a value in each, in the order of the files; lists may be null."""
        for file in self._files:
            for batch in file.iter_batches(_ROWS_AT_ONCE, columns=list(columns), use_threads=True):
                required = [column for column in batch.columns if not pa.types.is_list(column.type)]
                yield batch.drop_null() if any(column.null_count for column in required) else batch

    def span(self, column: str) -> tuple[int, int]:
        """Return the smallest and largest value of an integer column, from the files' statistics if they have any."""
        statistics = list(self._statistics(column))
        if all(one is not None for one in statistics):
            return min((one.min for one in statistics), default=0), max((one.max for one in statistics), default=0)
        parts = [part for part in (integers(batch, column) for batch in self.batches(column)) if len(part)]
        return min((int(part.min()) for part in parts), default=0), max((int(part.max()) for part in parts), default=0)

    def ends_before(self, end: datetime) -> bool:
        """Tell whether the files' statistics say that every `created_at` lies before `end`."""
        statistics = list(self._statistics("created_at"))
        return all(one is not None and one.max < end.replace(tzinfo=one.max.tzinfo) for one in statistics)

    def _statistics(self, column: str) -> Iterator[Any]:
        """Yield the column's statistics in every row group, None where there are none."""
        for file in self._files:
            for number in range(file.num_row_groups):
                group = file.metadata.row_group(number)
                if group.num_rows:
                    chunks = (group.column(place) for place in range(group.num_columns))
                    found = next(chunk for chunk in chunks if chunk.path_in_schema == column)
                    known = found.statistics is not None and found.statistics.has_min_max
                    yield found.statistics if known else None


def integers(batch: pa.RecordBatch, column: str) -> npt.NDArray[np.int64]:
    """Return a column of a batch without nulls as 64-bit integers, without a copy if it has them already."""
    values: npt.NDArray[np.int64] = batch.column(column).cast(pa.int64()).to_numpy(zero_copy_only=False)
    return values


def instants(batch: pa.RecordBatch, column: str = "created_at") -> npt.NDArray[np.int64]:
    """Return a column of instants as microseconds since 1970-01-01 UTC."""
    values = batch.column(column)
    as_microseconds = values.cast(pa.timestamp("us", tz=values.type.tz), safe=False)
    microseconds: npt.NDArray[np.int64] = as_microseconds.cast(pa.int64()).to_numpy(zero_copy_only=False)
    return microseconds
