"""The minutes as Parquet files in the store, published so that a reader sees a whole export or none."""

from __future__ import annotations

import tempfile
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq

from common.errors import DataError
from common.storage import Manifest, Store, new_run_id, publish
from sentiment_minibatch.aggregate import aggregated_through
from sentiment_minibatch.schema import statement

PREFIX = "sentiment/minutes"
SCHEMA = pa.schema(
    [
        ("symbol", pa.string()),
        ("period_ending", pa.timestamp("us", tz="UTC")),
        ("bullish_sum", pa.decimal128(20, 6)),
        ("bearish_sum", pa.decimal128(20, 6)),
        ("squares_sum", pa.decimal128(20, 6)),
        ("bullish_count", pa.int32()),
        ("bearish_count", pa.int32()),
        ("neutral_count", pa.int32()),
    ]
)
_ROWS_PER_GROUP = 50_000


def last_complete_day(connection: psycopg.Connection) -> tuple[datetime, datetime]:
    """Return the start and the end of the last UTC day that has been aggregated whole."""
    watermark = _watermark(connection)
    end = watermark.replace(hour=0, minute=0, second=0, microsecond=0)
    return end - timedelta(days=1), end


def export_minutes(connection: psycopg.Connection, store: Store, start: datetime, end: datetime) -> Manifest:
    """Publish the minutes of event times [start, end) under `PREFIX` and return the manifest.

    Raises `DataError` if the job has not yet passed the whole range, `StorageError` if the store fails.
    """
    watermark = _watermark(connection)
    if end > watermark:
        raise DataError(f"minutes are aggregated through {watermark:%Y-%m-%dT%H:%MZ}; --to must not lie after that")
    run = f"dt={start:%Y-%m-%d}/run={new_run_id()}"
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory, "minutes.parquet")
        rows = _write(connection, file, start, end)
        metadata = {"rows": rows, "from": start.isoformat(), "to": end.isoformat()}
        return publish(store, PREFIX, run, {f"{run}/minutes.parquet": file}, metadata)


def _write(connection: psycopg.Connection, file: Path, start: datetime, end: datetime) -> int:
    count = 0
    with (
        pq.ParquetWriter(file, SCHEMA, compression="zstd") as writer,
        connection.transaction(),
        connection.cursor(name="export") as cursor,  # on the server, so that memory holds one group of rows
    ):
        cursor.execute(statement("export"), {"start": start, "end": end})
        while rows := cursor.fetchmany(_ROWS_PER_GROUP):
            writer.write_table(pa.table(list(map(list, zip(*rows, strict=True))), schema=SCHEMA))
            count += len(rows)
    return count


def _watermark(connection: psycopg.Connection) -> datetime:
    watermark = aggregated_through(connection)
    if watermark is None:
        raise DataError("no minute has been aggregated yet; run `aggregate` first")
    return watermark
