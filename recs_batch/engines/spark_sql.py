"""The whole algorithm in Spark SQL, for tables beyond one machine: the same statements as DuckDB's."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from common.progress import track
from recs_batch.engines import sql
from recs_batch.parameters import KINDS, Kind, Parameters
from recs_batch.recommendations import SOURCE_COLUMNS, Recommendations, from_rows
from recs_batch.tables import TABLES

_DIALECT = sql.Dialect(
    unnest="explode",
    instant="TIMESTAMP",
    element="element_at",
    microseconds="unix_micros",
    quotient="div",
    list_prefix="array(",
    list_suffix=")",
)


def recommend(tables: Path, day: date, parameters: Parameters, scratch: Path) -> dict[Kind, Recommendations]:
    """Recommend from `tables/<table>/*.parquet`; the cluster is what SPARK_MASTER or spark-submit says.

    The rows are gathered on the driver, which holds the recommendations, not the tables.
    """
    sql.require_count(parameters)
    session = (
        SparkSession.builder.appName("recs_batch")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.local.dir", str(scratch / "spark"))
        .getOrCreate()
    )
    for table in TABLES:
        name = table if table in {"users", "rooms"} else f"raw_{table}"
        session.read.parquet(str(tables / table)).createOrReplaceTempView(name)
    for name, select in track(list(sql.shared_statements(parameters, day, _DIALECT)), "count engagement"):
        _name(session.sql(select).persist(), name)
    found = {kind: _recommend(session, kind, parameters, day) for kind in track(KINDS, "recommend")}
    session.catalog.clearCache()
    return found


def _recommend(session: SparkSession, kind: Kind, parameters: Parameters, day: date) -> Recommendations:
    for alias, source in sql.sources_of(kind, parameters).items():
        select = f"SELECT * FROM {source}"  # noqa: S608 (one of our own names)
        if alias != "items":
            select = sql.statement(source, parameters, day, _DIALECT)
        _name(session.sql(select), alias)
    for name in sql.PER_KIND[:-1]:
        _name(session.sql(sql.statement(name, parameters, day, _DIALECT)).persist(), name)
    rows: pa.Table = session.sql(sql.statement(sql.PER_KIND[-1], parameters, day, _DIALECT)).toArrow()
    return from_rows(rows.select(SOURCE_COLUMNS))


def _name(rows: DataFrame, name: str) -> None:
    rows.createOrReplaceTempView(name)
