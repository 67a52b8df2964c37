"""The whole algorithm in DuckDB: bounded memory, spilling to disk."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa

from recs_batch.engines import sql, sql_engine
from recs_batch.parameters import Kind, Parameters
from recs_batch.recommendations import Recommendations
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
    with opened(tables, scratch) as database:
        sql_engine.count_engagement(database, day, parameters)
        return sql_engine.recommend(database, day, parameters, scratch)


class _DuckDB:
    dialect = _DIALECT

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def make(self, name: str, select: str, *, kept: bool) -> None:
        self._connection.execute(f"CREATE OR REPLACE {'TABLE' if kept else 'VIEW'} {name} AS {select}")

    def rows(self, select: str) -> pa.Table:
        return self._connection.sql(select).to_arrow_table()


@contextmanager
def opened(tables: Path, scratch: Path) -> Iterator[sql_engine.Database]:
    """Give a database that reads the Parquet files `tables/<table>/*.parquet` and spills to `scratch`."""
    settings: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": _MEMORY_LIMIT,
        "threads": _THREADS,
        "temp_directory": str(scratch / "spill"),
    }
    with duckdb.connect(config=settings) as connection:
        database = _DuckDB(connection)
        for table in (*TABLES, *OPTIONAL):
            there = table in TABLES or any((tables / table).glob("*.parquet"))
            pattern = str(tables / table / "*.parquet").replace("'", "''")
            select = f"SELECT * FROM read_parquet('{pattern}')" if there else sql.nothing(table)  # noqa: S608 (quoted)
            database.make(f"raw_{table}", select, kept=False)
        yield database
