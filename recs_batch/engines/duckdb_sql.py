"""The whole algorithm in DuckDB: bounded memory, spilling to disk."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import partial
from pathlib import Path

import duckdb
import pyarrow as pa

from common.progress import track
from recs_batch.engines import model, sql
from recs_batch.parameters import KINDS, Kind, Parameters
from recs_batch.recommendations import SOURCE_COLUMNS, Recommendations, from_rows
from recs_batch.tables import OPTIONAL, TABLES

_DIALECT = sql.Dialect(
    unnest="unnest",
    instant="TIMESTAMPTZ",
    element="list_extract",
    microseconds="epoch_us",
    quotient="//",
    list_prefix="[",
    list_suffix="]",
)


_MEMORY_LIMIT = "4GB"  # beyond it DuckDB spills
_THREADS = 2


def recommend(tables: Path, day: date, parameters: Parameters, scratch: Path) -> dict[Kind, Recommendations]:
    """Recommend from the Parquet files `tables/<table>/*.parquet`; spill to `scratch`, and leave the model there."""
    settings: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": _MEMORY_LIMIT,
        "threads": _THREADS,
        "temp_directory": str(scratch / "spill"),
    }
    with duckdb.connect(config=settings) as connection:
        _open_tables(connection, tables)
        statements = list(sql.shared_statements(parameters, day, _DIALECT))
        for name, select in track(statements, "count engagement"):
            connection.execute(f"CREATE TABLE {name} AS {select}")
        model.write_pairs(partial(_batches, connection), engagement := model.model_folder(scratch, "engagement"))
        found = {}
        for kind in track(KINDS, "recommend"):
            found[kind] = _recommend(connection, kind, parameters, day)
            if parameters.scorer == "filter":
                folder = model.model_folder(scratch, f"filter-{kind}")
                model.write_filter(partial(_batches, connection), kind, engagement, folder)
        return found


def _batches(connection: duckdb.DuckDBPyConnection, select: str) -> Iterator[pa.RecordBatch]:
    yield from connection.sql(select).to_arrow_table().to_batches()


def _open_tables(connection: duckdb.DuckDBPyConnection, tables: Path) -> None:
    for table in TABLES:
        pattern = str(tables / table / "*.parquet").replace("'", "''")
        connection.execute(f"CREATE VIEW raw_{table} AS SELECT * FROM read_parquet('{pattern}')")  # noqa: S608 (quoted)
    for table in OPTIONAL:
        pattern = str(tables / table / "*.parquet").replace("'", "''")
        there = any((tables / table).glob("*.parquet"))
        select = f"SELECT * FROM read_parquet('{pattern}')" if there else sql.nothing(table)  # noqa: S608 (quoted)
        connection.execute(f"CREATE VIEW raw_{table} AS {select}")


def _recommend(connection: duckdb.DuckDBPyConnection, kind: Kind, parameters: Parameters, day: date) -> Recommendations:
    for name, select in sql.statements_of(kind, parameters, day, _DIALECT):
        form = "VIEW" if name in sql.VIEWS else "TABLE"
        connection.execute(f"CREATE OR REPLACE {form} {name} AS {select}")
    rows: pa.Table = connection.table("recommendations").to_arrow_table()
    return from_rows(rows.select(SOURCE_COLUMNS), sql.unit_of(parameters))
