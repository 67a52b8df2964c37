"""The whole algorithm in DuckDB: bounded memory, spilling to disk."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa

from common.progress import track
from recs_batch.engines import sql
from recs_batch.parameters import KINDS, Kind, Parameters
from recs_batch.recommendations import SOURCE_COLUMNS, Recommendations, from_rows
from recs_batch.tables import TABLES

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
    """Recommend users and rooms from the Parquet files `tables/<table>/*.parquet`; spill to `scratch`."""
    sql.require_count(parameters)
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
        return {kind: _recommend(connection, kind, parameters, day) for kind in track(KINDS, "recommend")}


def _open_tables(connection: duckdb.DuckDBPyConnection, tables: Path) -> None:
    for table in TABLES:
        name = table if table in {"users", "rooms"} else f"raw_{table}"
        pattern = str(tables / table / "*.parquet").replace("'", "''")
        connection.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet('{pattern}')")  # noqa: S608 (quoted)


def _recommend(connection: duckdb.DuckDBPyConnection, kind: Kind, parameters: Parameters, day: date) -> Recommendations:
    for alias, source in sql.sources_of(kind, parameters).items():
        select = f"SELECT * FROM {source}"  # noqa: S608 (one of our own names)
        if alias != "items":
            select = sql.statement(source, parameters, day, _DIALECT)
        connection.execute(f"CREATE OR REPLACE VIEW {alias} AS {select}")
    for name in sql.PER_KIND[:-1]:
        connection.execute(f"CREATE OR REPLACE TABLE {name} AS {sql.statement(name, parameters, day, _DIALECT)}")
    rows: pa.Table = connection.sql(sql.statement(sql.PER_KIND[-1], parameters, day, _DIALECT)).to_arrow_table()
    return from_rows(rows.select(SOURCE_COLUMNS))
