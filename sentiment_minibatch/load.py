"""Bring delivered scores into the database: each counts once, bad ones are kept apart with the reason."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass

import psycopg

from sentiment_minibatch.schema import statement
from sentiment_minibatch.scores import Delivery

PRUNE_LOCK = 7_031_003
_ROWS_PER_BATCH = 50_000


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
    """Load deliveries in batches, a transaction each; doing it again, or after a crash, changes nothing.

    `source` and a delivery's position (from 1) say where a rejected one stood.
    """
    report = LoadReport()
    connection.execute("DROP TABLE IF EXISTS pg_temp.delivered, pg_temp.judged, pg_temp.counted_now")
    connection.execute(statement("batch_tables"))
    numbered = enumerate(deliveries, start=1)
    while batch := list(itertools.islice(numbered, _ROWS_PER_BATCH)):
        with connection.transaction():
            _load_batch(connection, batch, source, report)
    return report


def _load_batch(
    connection: psycopg.Connection, batch: list[tuple[int, Delivery]], source: str, report: LoadReport
) -> None:
    # A prune waits for running loads, and loads for a prune: none can bring back what is being removed.
    connection.execute("SELECT pg_advisory_xact_lock_shared(%s)", [PRUNE_LOCK])
    with connection.cursor() as cursor, cursor.copy("COPY delivered FROM STDIN") as copy:
        for position, delivery in batch:
            copy.write_row((position, *delivery))
    connection.execute(statement("judge"))
    connection.execute(statement("reject"), {"source": source})
    connection.execute(statement("count_messages"))
    connection.execute(
        "SELECT sentiment.ensure_partitions(array_agg(DISTINCT (created_at AT TIME ZONE 'UTC')::date)) FROM counted_now"
    )
    connection.execute("ANALYZE counted_now")
    replaced = connection.execute(statement("withdraw")).rowcount
    connection.execute(statement("record"))
    rejected, counted = connection.execute(
        "SELECT (SELECT count(*) FROM judged WHERE reason IS NOT NULL), (SELECT count(*) FROM counted_now)"
    ).fetchone() or (0, 0)
    report.delivered += len(batch)
    report.rejected += rejected
    report.replaced += replaced
    report.counted += counted - replaced
