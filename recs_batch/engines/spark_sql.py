"""The whole algorithm in Spark SQL, for tables beyond one machine: the same statements as DuckDB's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pyarrow as pa
from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, SparkSession

from common.errors import DataError
from common.progress import track
from recs_batch.checks import check_schemas
from recs_batch.engines import model, sql, sql_engine
from recs_batch.parameters import Kind, Parameters
from recs_batch.recommendations import Recommendations
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
    holds the recommendations and, in `scratch`, the model, not the tables. Raises `DataError` for a damaged file.
    """
    with _readable():
        database = _Spark(session := _session(scratch))
        for table in (*TABLES, *OPTIONAL):
            (_read(session, tables, table) or session.sql(sql.nothing(table))).createOrReplaceTempView(f"raw_{table}")
        sql_engine.count_engagement(database, day, parameters)
        model.write_dropped(sql_engine.count_dropped(database, day, parameters), scratch)
        return sql_engine.recommend(database, day, parameters, scratch)


def is_on_this_machine(scratch: Path) -> bool:
    """Tell whether the executors run here, where they can read what the driver fetched."""
    return bool(_session(scratch).sparkContext.master.startswith("local"))


def check_tables(tables: Path | str, scratch: Path) -> dict[str, int]:
    """Return the rows of every table that is there.

    Raises `DataError` for a damaged file, and naming each missing column or column of a wrong type.
    """
    with _readable():
        read = {table: _read(_session(scratch), tables, table) for table in (*TABLES, *OPTIONAL)}
        frames = {table: frame for table, frame in read.items() if frame is not None}
        check_schemas((table, frame.limit(0).toArrow().schema) for table, frame in frames.items())
        return {table: frame.count() for table, frame in track(frames.items(), "count rows", total=len(frames))}


class _Spark:
    dialect = _DIALECT

    def __init__(self, session: SparkSession) -> None:
        self._session = session

    def make(self, name: str, select: str, *, kept: bool) -> None:
        """Give rows a name. What is kept forgets its plan: plans on plans overflow the planner's stack."""
        frame = self._session.sql(select)
        (frame.localCheckpoint() if kept else frame).createOrReplaceTempView(name)

    def rows(self, select: str) -> pa.Table:
        return self._session.sql(select).toArrow()


def _session(scratch: Path) -> SparkSession:
    return (
        SparkSession.builder.appName("recs_batch")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.local.dir", str(scratch / "spark"))
        .getOrCreate()
    )


def _read(session: SparkSession, tables: Path | str, table: str) -> DataFrame | None:
    """Return a table, None if there is no such folder and no such file."""
    for path in (f"{tables}/{table}", f"{tables}/{table}.parquet"):
        try:
            return session.read.parquet(path)
        except AnalysisException as error:
            if error.getCondition() != "PATH_NOT_FOUND":
                raise
    return None


@contextmanager
def _readable() -> Iterator[None]:
    """Turn what Spark says of a damaged Parquet file into a `DataError`."""
    try:
        yield
    except Exception as error:  # Java's come as one of several kinds
        if found := re.search(r"\[(FAILED_READ_FILE\S*|UNABLE_TO_INFER_SCHEMA)\] (.*)", str(error)):
            raise DataError(f"a table cannot be read: {found[2]}") from None
        raise
