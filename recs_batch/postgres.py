"""The input tables from PostgreSQL: binary COPY into Arrow, all tables in one snapshot, in bounded memory."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
from adbc_driver_manager import Error as DriverError
from adbc_driver_postgresql import dbapi

from common.errors import DataError
from common.postgres import DatabaseUnavailableError, describe
from common.progress import track
from recs_batch.tables import TABLES


def copy_tables(url: str, folder: Path) -> None:
    """Copy every table to `<folder>/<table>/00000.parquet`, as one transaction sees them.

    Raises `DatabaseUnavailableError`, or `DataError` for a missing table or column.
    """
    try:
        connection = dbapi.connect(url)
    except DriverError as error:
        raise DatabaseUnavailableError(f"cannot reach the database at {describe(url)}: {_first_line(error)}") from None
    with connection, connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        for table, columns in track(TABLES.items(), "copy tables", total=len(TABLES)):
            target = folder / table
            target.mkdir(parents=True, exist_ok=True)
            try:
                cursor.execute(f"SELECT {', '.join(columns)} FROM {table}")  # noqa: S608 (names of our own)
                _write(cursor, target / "00000.parquet")
            except DriverError as error:
                raise DataError(f"cannot read {table} from {describe(url)}: {_first_line(error)}") from None


def _write(cursor: dbapi.Cursor, path: Path) -> None:
    reader = cursor.fetch_record_batch()
    with pq.ParquetWriter(path, reader.schema, compression="lz4") as writer:
        for batch in reader:
            writer.write_batch(batch)


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]
