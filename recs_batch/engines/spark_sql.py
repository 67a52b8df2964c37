"""The whole algorithm in Spark SQL, for tables beyond one machine: the same statements as DuckDB's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import partial
from pathlib import Path

import pyarrow as pa
from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, SparkSession

from common.progress import track
from recs_batch.checks import check_schemas
from recs_batch.engines import model, sql
from recs_batch.parameters import KINDS, Kind, Parameters
from recs_batch.recommendations import SOURCE_COLUMNS, Recommendations, from_rows
from recs_batch.tables import OPTIONAL, TABLES

_DIALECT = sql.Dialect(
    unnest="explode",
    instant="TIMESTAMP",
    element="element_at",
    microseconds="unix_micros",
    quotient="div",
    list_prefix="array(",
    list_suffix=")",
)


def recommend(tables: Path | str, day: date, parameters: Parameters, scratch: Path) -> dict[Kind, Recommendations]:
    """Recommend from the folders `<tables>/<table>` or files `<tables>/<table>.parquet`, which the whole cluster reads.

    The cluster is what spark-submit or the session's configuration says. The rows are gathered on the driver, which
    holds the recommendations and, in `scratch`, the model, not the tables.
    """
    session = _session(scratch)
    for table in TABLES:
        _read(session, tables, table).createOrReplaceTempView(f"raw_{table}")
    for table in OPTIONAL:
        _read_if_there(session, tables, table).createOrReplaceTempView(f"raw_{table}")
    # Each table is computed once and its plan forgotten: plans that stand on plans overflow the planner's stack.
    for name, select in track(list(sql.shared_statements(parameters, day, _DIALECT)), "count engagement"):
        _name(session.sql(select).localCheckpoint(), name)
    model.write_pairs(partial(_batches, session), engagement := model.model_folder(scratch, "engagement"))
    found = {}
    for kind in track(KINDS, "recommend"):
        found[kind] = _recommend(session, kind, parameters, day)
        if parameters.scorer == "filter":
            folder = model.model_folder(scratch, f"filter-{kind}")
            model.write_filter(partial(_batches, session), kind, engagement, folder)
    return found


def is_on_this_machine(scratch: Path) -> bool:
    """Tell whether the executors run here, where they can read what the driver fetched."""
    return bool(_session(scratch).sparkContext.master.startswith("local"))


def check_tables(tables: Path | str, scratch: Path) -> dict[str, int]:
    """Return the rows of every table. Raises `DataError` naming each missing column or column of a wrong type."""
    frames = {table: _read(_session(scratch), tables, table) for table in TABLES}
    check_schemas((table, frame.limit(0).toArrow().schema) for table, frame in frames.items())
    return {table: frame.count() for table, frame in track(frames.items(), "count rows", total=len(frames))}


def _session(scratch: Path) -> SparkSession:
    return (
        SparkSession.builder.appName("recs_batch")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.local.dir", str(scratch / "spark"))
        .getOrCreate()
    )


def _read(session: SparkSession, tables: Path | str, table: str) -> DataFrame:
    try:
        return session.read.parquet(f"{tables}/{table}")
    except AnalysisException:  # no such folder
        return session.read.parquet(f"{tables}/{table}.parquet")


def _read_if_there(session: SparkSession, tables: Path | str, table: str) -> DataFrame:
    try:
        return _read(session, tables, table)
    except AnalysisException:
        return session.sql(sql.nothing(table))


def _recommend(session: SparkSession, kind: Kind, parameters: Parameters, day: date) -> Recommendations:
    for name, select in sql.statements_of(kind, parameters, day, _DIALECT):
        frame = session.sql(select)
        _name(frame if name in sql.VIEWS else frame.localCheckpoint(), name)
    rows: pa.Table = session.table("recommendations").toArrow()
    return from_rows(rows.select(SOURCE_COLUMNS), sql.unit_of(parameters))


def _batches(session: SparkSession, select: str) -> Iterator[pa.RecordBatch]:
    yield from session.sql(select).toArrow().to_batches()


def _name(rows: DataFrame, name: str) -> None:
    rows.createOrReplaceTempView(name)
