"""The job: bring the minutes up to date with the raw scores, in order, one transaction each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg

from sentiment_minibatch.schema import statement

_AGGREGATION_LOCK = 7_031_004
_MINUTE_LOCK = 7_031_005


@dataclass
class AggregationReport:
    """What one run did. `remaining` minutes were left to the next run because this one reached its bound."""

    minutes: int = 0
    late_minutes: int = 0
    late_messages: int = 0
    messages: int = 0
    rows: int = 0
    remaining: int = 0
    aggregated_through: datetime | None = None

    def __str__(self) -> str:
        through = f"{self.aggregated_through:%Y-%m-%dT%H:%MZ}" if self.aggregated_through else "-"
        return (
            f"{self.minutes:,} minutes aggregated, through {through}: "
            f"{self.messages:,} messages into {self.rows:,} rows, "
            f"{self.late_minutes:,} of them again for {self.late_messages:,} late messages; {self.remaining:,} remain"
        )


@dataclass(frozen=True)
class PendingMinute:
    """A minute that has changed; `late` if the job had passed it before."""

    period_ending: datetime
    late: bool


@contextmanager
def only_aggregation(connection: psycopg.Connection) -> Iterator[bool]:
    """Hold the lock of the aggregation, if it is free: yields whether it was. A crash frees it with the connection."""
    row = connection.execute("SELECT pg_try_advisory_lock(%s)", [_AGGREGATION_LOCK]).fetchone()
    held = bool(row and row[0])
    try:
        yield held
    finally:
        if held and not connection.closed:
            connection.execute("SELECT pg_advisory_unlock(%s)", [_AGGREGATION_LOCK])


def aggregate(connection: psycopg.Connection, *, grace: timedelta, at_most: int) -> AggregationReport:
    """Aggregate every changed minute that ended at least `grace` ago: new ones in order, then late ones.

    At most `at_most` minutes are done. The connection is in autocommit mode and holds `only_aggregation`. The clock
    is the database's, so that of the machine that runs the job does not matter.
    """
    report = AggregationReport()
    closed = closed_through(connection, grace)
    pending = pending_minutes(connection, closed)
    for minute in pending[:at_most]:
        aggregate_minute(connection, minute, report)
    report.remaining = max(0, len(pending) - at_most)
    if report.remaining == 0:
        connection.execute(
            "UPDATE sentiment.progress SET aggregated_through = greatest(aggregated_through, %s)"
            " WHERE aggregated_through IS DISTINCT FROM greatest(aggregated_through, %s)",
            [closed, closed],
        )
    report.aggregated_through = aggregated_through(connection)
    return report


def aggregate_minute(connection: psycopg.Connection, minute: PendingMinute, report: AggregationReport) -> None:
    """Recompute one minute in a transaction of its own and add what it came to to the report."""
    with connection.transaction():
        # The lock comes in a statement of its own: the next one's snapshot then has all that an earlier holder wrote.
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [_MINUTE_LOCK])
        row = connection.execute(statement("aggregate"), vars(minute)).fetchone()
    symbols, messages, late_messages = row or (0, 0, 0)
    report.minutes += 1
    report.late_minutes += minute.late
    report.late_messages += int(late_messages)
    report.messages += int(messages)
    report.rows += symbols


def closed_through(connection: psycopg.Connection, grace: timedelta) -> datetime:
    """Return the end of the last minute that ended at least `grace` ago by the database's clock."""
    rows = connection.execute("SELECT date_trunc('minute', clock_timestamp() - %s, 'UTC')", [grace]).fetchall()
    closed: datetime = rows[0][0]
    return closed


def aggregated_through(connection: psycopg.Connection) -> datetime | None:
    """Return the watermark: the end of the last minute that the job has passed."""
    rows = connection.execute("SELECT aggregated_through FROM sentiment.progress").fetchall()
    watermark: datetime | None = rows[0][0]
    return watermark


def pending_minutes(connection: psycopg.Connection, closed: datetime) -> list[PendingMinute]:
    """Return the changed minutes up to `closed`: those after the watermark in order, then the late ones in order."""
    watermark = aggregated_through(connection)
    rows = connection.execute(
        "SELECT DISTINCT period_ending FROM sentiment.changed_minute WHERE period_ending <= %s", [closed]
    )
    minutes = [PendingMinute(end, late=watermark is not None and end <= watermark) for (end,) in rows]
    return sorted(minutes, key=lambda minute: (minute.late, minute.period_ending))
