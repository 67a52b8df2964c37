"""The input tables from PostgreSQL: binary COPY into Arrow, all tables in one snapshot, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pyarrow.parquet as pq
from adbc_driver_manager import Error as DriverError
from adbc_driver_postgresql import dbapi

from common.errors import ApplicationError, ConfigurationError, DataError
from common.postgres import DatabaseUnavailableError, describe
from common.progress import track

_LOCK_NOT_AVAILABLE = "55P03"
_UNFIT = ("22", "42", "0A")  # classes of SQLSTATE: data, names and types, features. Anything else may pass.
_INSUFFICIENT_PRIVILEGE = "42501"


def copy_tables(
    url: str,
    columns: Mapping[str, tuple[str, ...]],
    folder: Path,
    lock_timeout_seconds: float,
    optional: Mapping[str, tuple[str, ...]] | None = None,
) -> None:
    """Copy the columns of every table, of the optional ones if there, to `<folder>/<table>.parquet` in one snapshot.

    Raises `DatabaseUnavailableError` if the database cannot be reached, goes away or keeps a table locked for longer
    than the timeout, `DataError` for a missing table or column, `ConfigurationError` for one that we may not read.
    """
    try:
        connection = dbapi.connect(url)
    except DriverError as error:
        raise DatabaseUnavailableError(f"cannot reach the database at {describe(url)}: {_first_line(error)}") from None
    with connection, connection.cursor() as cursor:
        with _errors(url, "its settings"):
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            cursor.execute(f"SET LOCAL lock_timeout = {round(lock_timeout_seconds * 1000)}")
            wanted = {
                **columns,
                **{table: names for table, names in (optional or {}).items() if _exists(cursor, table)},
            }
        for table, names in track(wanted.items(), "copy tables", total=len(wanted)):
            with _errors(url, table, lock_timeout_seconds):
                cursor.execute(f"SELECT {', '.join(names)} FROM {table}")  # noqa: S608 (names of our own)
                _write(cursor, folder / f"{table}.parquet")


def _exists(cursor: dbapi.Cursor, table: str) -> bool:
    cursor.execute("SELECT to_regclass($1) IS NOT NULL", (table,))
    return bool(cursor.fetchone()[0])


def _write(cursor: dbapi.Cursor, path: Path) -> None:
    reader = cursor.fetch_record_batch()
    with pq.ParquetWriter(path, reader.schema, compression="lz4") as writer:
        for batch in reader:
            writer.write_batch(batch)


@contextmanager
def _errors(url: str, table: str, lock_timeout_seconds: float = 0) -> Iterator[None]:
    """Turn the driver's errors into ours: what another try may help, and what it will not."""
    try:
        yield
    except (DriverError, OSError) as error:
        if getattr(error, "errno", None):  # this machine's disk; the driver's own carry no number
            raise
        raise _translated(url, table, error, lock_timeout_seconds) from None


def _translated(url: str, table: str, error: Exception, lock_timeout_seconds: float) -> ApplicationError:
    state, line = getattr(error, "sqlstate", None) or "", _first_line(error)
    if state == _LOCK_NOT_AVAILABLE:
        return DatabaseUnavailableError(
            f"{table} at {describe(url)} has been locked by another session for {lock_timeout_seconds:g} s "
            "(the limit is RECS_LOCK_TIMEOUT_SECONDS)"
        )
    if state == _INSUFFICIENT_PRIVILEGE:
        return ConfigurationError(f"the user in TABLES_URI may not read {table} at {describe(url)}: {line}")
    if state.startswith(_UNFIT):
        return DataError(f"cannot read {table} from {describe(url)}: {line}")
    return DatabaseUnavailableError(f"lost the database at {describe(url)} ({table}): {line}")


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]
