"""Bring delivered scores into the database: each counts once, bad ones are kept apart with the reason."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby

import psycopg
import pyarrow as pa
import pyarrow.csv

from sentiment_minibatch.delivered_json import text_of
from sentiment_minibatch.deliveries import DELIVERIES, tables_of
from sentiment_minibatch.files.inputs import InputFile
from sentiment_minibatch.files.records import UnreadableFileError
from sentiment_minibatch.judgement import Refusal, judge_table
from sentiment_minibatch.prune import PRUNE_LOCK
from sentiment_minibatch.schema import statement
from sentiment_minibatch.scores import Delivery

_DAYS_AT_ONCE = 32


@dataclass
class LoadReport:
    """How many deliveries were read and what became of them; the rest of `delivered` had been counted before."""

    delivered: int = 0
    counted: int = 0
    replaced: int = 0
    rejected: int = 0

    @property
    def repeated(self) -> int:
        """Deliveries that changed nothing, for the message had been counted already."""
        return self.delivered - self.counted - self.replaced - self.rejected

    def add(self, other: LoadReport) -> None:
        """Add another report's numbers to this one's."""
        self.delivered += other.delivered
        self.counted += other.counted
        self.replaced += other.replaced
        self.rejected += other.rejected

    def __str__(self) -> str:
        return (
            f"{self.delivered:,} delivered, {self.counted:,} counted, {self.repeated:,} repeated, "
            f"{self.replaced:,} replaced, {self.rejected:,} rejected"
        )


def load(connection: psycopg.Connection, deliveries: Iterable[Delivery], source: str) -> LoadReport:
    """Load deliveries as `load_tables` does."""
    return load_tables(connection, tables_of(deliveries), source)


def load_tables(connection: psycopg.Connection, tables: Iterable[pa.Table], source: str) -> LoadReport:
    """Load tables of deliveries, a transaction each; doing it again, or after a crash, changes nothing.

    `source` and a delivery's position say where a rejected one stood. A table of more days than the server can lock at
    once takes several transactions.
    """
    report = LoadReport()
    _load_tables(connection, tables, source, report)
    return report


def load_file(connection: psycopg.Connection, file: InputFile) -> tuple[LoadReport, str | None]:
    """Load a file; return also why the rest of it could not be read, if so, which the database keeps until it can."""
    report = LoadReport()
    try:
        _load_tables(connection, file.tables(DELIVERIES), file.source, report)
    except UnreadableFileError as error:
        reason = text_of(str(error))
        connection.execute(statement("set_aside"), {"source": file.source, "reason": reason})
        return report, reason
    connection.execute("DELETE FROM sentiment.set_aside_file WHERE source = %s", [file.source])
    return report, None


def _load_tables(connection: psycopg.Connection, tables: Iterable[pa.Table], source: str, report: LoadReport) -> None:
    connection.execute(statement("batch_tables"))
    for table in tables:
        _load_table(connection, table, source, report)


def _load_table(connection: psycopg.Connection, table: pa.Table, source: str, report: LoadReport) -> None:
    try:
        with connection.transaction():
            loaded = _load_at_once(connection, table, source)
    except _TooManyDaysError:
        # In time order, so that halving the rows halves the days.
        table = table.sort_by("created_at")
        middle = table.num_rows // 2
        _load_table(connection, table.slice(0, middle), source, report)
        _load_table(connection, table.slice(middle), source, report)
    else:
        report.add(loaded)


def _load_at_once(connection: psycopg.Connection, table: pa.Table, source: str) -> LoadReport:
    # A prune waits for running loads, and loads for a prune: none can bring back what is being removed.
    connection.execute("SELECT pg_advisory_xact_lock_shared(%s)", [PRUNE_LOCK])
    ((now, kept_from),) = connection.execute("SELECT now(), kept_from FROM sentiment.progress").fetchall()
    scores, refusals = judge_table(table, now, kept_from)
    _check_days(scores["created_at"].cast(pa.date32()).unique().to_pylist())
    _reject(connection, refusals, source)
    _copy(connection, scores)
    counted = connection.execute(statement("count_messages")).rowcount
    connection.execute(
        "SELECT sentiment.ensure_partitions(array_agg(DISTINCT (created_at AT TIME ZONE 'UTC')::date)) FROM counted_now"
    )
    replaced = _withdraw(connection)
    connection.execute(statement("record"))
    return LoadReport(table.num_rows, counted - replaced, replaced, len(refusals))


class _TooManyDaysError(Exception):
    """Scores of more days than a transaction should touch: each has partitions, and each of those takes locks."""


def _check_days(days: Collection[object]) -> None:
    if len(days) > _DAYS_AT_ONCE:
        raise _TooManyDaysError


def _reject(connection: psycopg.Connection, refusals: list[Refusal], source: str) -> None:
    if refusals:
        rows = [(source, position, reason, *delivery) for position, reason, delivery in refusals]
        connection.execute(statement("reject"), [list(column) for column in zip(*rows, strict=True)])


def _withdraw(connection: psycopg.Connection) -> int:
    """Remove the rows whose place a better delivery has taken, a day at a time, and return how many they were."""
    times = connection.execute(
        "SELECT DISTINCT withdrawn_from FROM counted_now WHERE withdrawn_from IS NOT NULL ORDER BY 1"
    )
    by_day = {day: list(group) for day, group in groupby((time for (time,) in times), key=_midnight)}
    _check_days(by_day)
    return sum(
        connection.execute(statement("withdraw"), {"start": day, "end": day + timedelta(days=1), "times": at}).rowcount
        for day, at in by_day.items()
    )


def _midnight(time: datetime) -> datetime:
    return time.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _copy(connection: psycopg.Connection, scores: pa.Table) -> None:
    # Times go without their zone, in UTC: writing that takes a tenth of the time.
    times = scores["created_at"].cast(pa.timestamp("us"))
    text = pa.BufferOutputStream()
    pyarrow.csv.write_csv(
        scores.set_column(scores.column_names.index("created_at"), "created_at", times),
        text,
        pyarrow.csv.WriteOptions(include_header=False),
    )
    connection.execute("TRUNCATE judged, counted_now")
    with connection.cursor() as cursor, cursor.copy("COPY judged FROM STDIN (FORMAT csv)") as copy:
        copy.write(text.getvalue())
