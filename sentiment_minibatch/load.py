"""Bring delivered scores into the database: each counts once, bad ones are kept apart with the reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import psycopg
import pyarrow as pa
import pyarrow.csv

from sentiment_minibatch.judgement import Refusal, judge_table
from sentiment_minibatch.schema import statement
from sentiment_minibatch.score_tables import tables_of
from sentiment_minibatch.scores import Delivery

PRUNE_LOCK = 7_031_003


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

    `source` and a delivery's position (from 1) say where a rejected one stood.
    """
    report = LoadReport()
    connection.execute(statement("batch_tables"))
    for table in tables:
        with connection.transaction():
            _load_table(connection, table, source, report)
    return report


def _load_table(connection: psycopg.Connection, table: pa.Table, source: str, report: LoadReport) -> None:
    # A prune waits for running loads, and loads for a prune: none can bring back what is being removed.
    connection.execute("SELECT pg_advisory_xact_lock_shared(%s)", [PRUNE_LOCK])
    ((now, kept_from),) = connection.execute("SELECT now(), kept_from FROM sentiment.progress").fetchall()
    scores, refusals = judge_table(table, now, kept_from)
    _reject(connection, refusals, source, first=report.delivered + 1)
    _copy(connection, scores)
    counted = connection.execute(statement("count_messages")).rowcount
    connection.execute(
        "SELECT sentiment.ensure_partitions(array_agg(DISTINCT (created_at AT TIME ZONE 'UTC')::date)) FROM counted_now"
    )
    replaced = connection.execute(statement("withdraw")).rowcount
    connection.execute(statement("record"))
    report.delivered += table.num_rows
    report.rejected += len(refusals)
    report.replaced += replaced
    report.counted += counted - replaced


def _reject(connection: psycopg.Connection, refusals: list[Refusal], source: str, first: int) -> None:
    if refusals:
        rows = [(source, first + row, reason, *delivery) for row, reason, delivery in refusals]
        connection.execute(statement("reject"), [list(column) for column in zip(*rows, strict=True)])


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
