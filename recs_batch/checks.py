"""Is the input fit for a run? Columns, volumes and references are checked; what would publish nonsense is refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from common.errors import DataError
from recs_batch.tables import TABLES

_NEVER_EMPTY = ("users", "rooms")


class CheckSettings(BaseSettings):
    """RECS_MAX_DROPPED, RECS_MAX_VOLUME_DROP: shares of a table's rows, from 0 to 1, beyond which a run is refused."""

    model_config = SettingsConfigDict(env_prefix="RECS_")

    max_dropped: float = Field(default=0.01, ge=0, le=1)
    max_volume_drop: float = Field(default=0.5, ge=0, le=1)


def check_columns(tables: Path) -> dict[str, int]:
    """Return the rows of every table in `<tables>/<table>/*.parquet`, having checked the columns of every file."""
    files = {table: [pq.ParquetFile(path) for path in sorted((tables / table).glob("*.parquet"))] for table in TABLES}
    check_schemas((table, file.schema_arrow) for table in TABLES for file in files[table])
    return {table: sum(file.metadata.num_rows for file in files[table]) for table in TABLES}


def check_schemas(schemas: Iterable[tuple[str, pa.Schema]]) -> None:
    """Raise `DataError` naming each column that a table lacks or that is of a wrong type."""
    problems = [
        f"{table}: {problem}" for table, schema in schemas for problem in _column_problems(schema, TABLES[table])
    ]
    if problems:
        raise DataError("the input tables are not as they should be: " + "; ".join(dict.fromkeys(problems)))


def check_volume(rows: Mapping[str, int], before: Mapping[str, int] | None, settings: CheckSettings) -> None:
    """Refuse empty tables, and tables much smaller than those of the last publication. Raises `DataError`."""
    problems = [f"{table} is empty" for table in _NEVER_EMPTY if rows[table] == 0]
    if not any(rows[table] for table in ("likes", "follows", "subscriptions", "messages")):
        problems.append("there is no engagement at all: likes, follows, subscriptions and messages are empty")
    for table, count in (before or {}).items():
        if count and rows.get(table, 0) < count * (1 - settings.max_volume_drop):
            lost = 1 - rows.get(table, 0) / count
            problems.append(
                f"{table} has {rows.get(table, 0):,} rows, {lost:.0%} fewer than the {count:,} last published"
            )
    _refuse(problems, "RECS_MAX_VOLUME_DROP")


def check_references(
    rows: Mapping[str, int], dropped: Mapping[str, Mapping[str, int]], settings: CheckSettings
) -> None:
    """Refuse tables of which too many rows repeat or refer to nothing. Raises `DataError`."""
    problems = []
    for table, reasons in dropped.items():
        for reason, count in reasons.items():
            if reason != "late" and count > rows[table] * settings.max_dropped:
                problems.append(f"{table}: {count:,} of {rows[table]:,} rows {_WORDS[reason]}")
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
    return {"created_at": "timestamp", "active": "boolean", "mention_ids": "list of integers"}.get(column, "integer")


_FITS = {
    "timestamp": pa.types.is_timestamp,
    "boolean": pa.types.is_boolean,
    "integer": pa.types.is_integer,
    "list of integers": lambda kind: (
        (pa.types.is_list(kind) or pa.types.is_large_list(kind)) and pa.types.is_integer(kind.value_type)
    ),
}
