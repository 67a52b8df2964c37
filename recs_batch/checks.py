"""Is the input fit for a run? Columns, volumes and references are checked; what would publish nonsense is refused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from common.errors import DataError
from recs_batch.specification import Limits
from recs_batch.tables import OPTIONAL, TABLES

_ALL = TABLES | OPTIONAL
_NOT_COUNTED = ("late", "unknown", "direct", "to_oneself")  # left out, or in part, as they should be


def check_columns(tables: Path) -> dict[str, int]:
    """Return the rows of every table in `<tables>/<table>/*.parquet`, having checked the columns of every file.

    Raises `DataError` for what is no Parquet file, and for a column that is missing or of a wrong type.
    """
    files = {table: [_opened(path) for path in sorted((tables / table).glob("*.parquet"))] for table in _ALL}
    check_schemas((table, file.schema_arrow) for table in _ALL for file in files[table])
    return {table: sum(file.metadata.num_rows for file in files[table]) for table in _ALL if files[table]}


@contextmanager
def readable_tables() -> Iterator[None]:
    """Turn what Arrow says of a damaged Parquet file into a `DataError`."""
    try:
        yield
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        if getattr(error, "errno", None):  # the disk's error, not the file's
            raise
        raise DataError(f"a table cannot be read: {str(error).splitlines()[0]}") from None


def check_schemas(schemas: Iterable[tuple[str, pa.Schema]]) -> None:
    """Raise `DataError` naming each column that a table lacks or that is of a wrong type."""
    problems = [f"{table}: {problem}" for table, schema in schemas for problem in _column_problems(schema, _ALL[table])]
    if problems:
        raise DataError("the input tables are not as they should be: " + "; ".join(dict.fromkeys(problems)))


def check_volume(rows: Mapping[str, int], before: Mapping[str, int] | None, limits: Limits) -> None:
    """Refuse a network that is empty, and tables much smaller than those of the last publication: `DataError`."""
    if not rows["users"]:
        raise DataError("users is empty: there is nobody to recommend anything to")
    if not any(rows[table] for table in ("likes", "follows", "subscriptions", "messages")):
        raise DataError("there is no engagement at all: likes, follows, subscriptions and messages are empty")
    problems = [
        f"{table} has {rows.get(table, 0):,} rows, {1 - rows.get(table, 0) / count:.0%} fewer than the {count:,} "
        "last published"
        for table, count in (before or {}).items()
        if table in TABLES and count and rows.get(table, 0) < count * (1 - limits.max_volume_drop)
    ]
    _refuse(problems, "RECS_MAX_VOLUME_DROP")


def check_references(rows: Mapping[str, int], dropped: Mapping[str, Mapping[str, int]], limits: Limits) -> None:
    """Refuse tables of which too many rows repeat, lack a value or refer to nothing. Raises `DataError`."""
    problems = [
        f"{table}: {count:,} of {rows[table]:,} rows {_WORDS.get(reason, reason)}"
        for table, reasons in dropped.items()
        for reason, count in reasons.items()
        if reason not in _NOT_COUNTED and count > rows[table] * limits.max_dropped
    ]
    _refuse(problems, "RECS_MAX_DROPPED")


_WORDS = {
    "nulls": "lack a value",
    "repeats": "repeat another",
    "without_user": "name a user who is not in users",
    "without_room": "name a room that is not in rooms",
    "without_target": "refer to something that is not there",
    "unknown_mentions": "mention a user who is not in users",
}


def _refuse(problems: list[str], variable: str) -> None:
    if problems:
        raise DataError(f"refusing to go on: {'; '.join(problems)} (the limit is {variable})")


def _opened(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except (pa.ArrowInvalid, OSError) as error:
        if getattr(error, "errno", None):
            raise
        raise DataError(f"{path.resolve()} is no Parquet file that can be read: {str(error).splitlines()[0]}") from None


def _column_problems(schema: pa.Schema, columns: tuple[str, ...]) -> list[str]:
    problems = []
    for column in columns:
        if column not in schema.names:
            problems.append(f"no column {column}")
            continue
        kind = schema.field(column).type
        if not _FITS[_expected(column)](kind):
            problems.append(f"{column} is {kind}, expected {_expected(column)}")
    return problems


def _expected(column: str) -> str:
    return _OTHERS.get(column, "integer")


_OTHERS = {
    "created_at": "timestamp",
    "shown_at": "timestamp",
    "active": "boolean",
    "mention_ids": "list of integers",
    "kind": "text",
}
_FITS = {
    "timestamp": pa.types.is_timestamp,
    "boolean": pa.types.is_boolean,
    "integer": pa.types.is_integer,
    "text": lambda kind: (
        pa.types.is_string(kind.value_type if pa.types.is_dictionary(kind) else kind) or pa.types.is_large_string(kind)
    ),
    "list of integers": lambda kind: (
        (pa.types.is_list(kind) or pa.types.is_large_list(kind)) and pa.types.is_integer(kind.value_type)
    ),
}
