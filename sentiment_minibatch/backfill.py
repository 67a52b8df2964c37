"""Aggregating a range again, whether or not anything changed in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

import psycopg

from common.errors import DataError
from sentiment_minibatch.aggregate import AggregationReport, PendingMinute, aggregate_minute, aggregated_through
from sentiment_minibatch.schema import statement


def backfill_minutes(connection: psycopg.Connection, start: datetime, end: datetime) -> list[PendingMinute]:
    """Return the minutes of event times [start, end) that the job has passed and that have, or had, scores.

    Raises `DataError` if raw scores of the range have been pruned: aggregating it would empty its minutes.
    """
    check_kept(connection, start)
    watermark = aggregated_through(connection)
    return [
        PendingMinute(ending, late=True)
        for first, last in days_of(start, end)
        for (ending,) in connection.execute(statement("minutes_of_range"), {"start": first, "end": last})
        if watermark is not None and ending <= watermark
    ]


def days_of(start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yield the UTC days of [start, end), the first and the last cut to it.

    A statement over raw scores locks the partitions of its range: a day at a time, however long the range.
    """
    while start < end:
        midnight = start.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        yield start, min(midnight, end)
        start = midnight


def reaggregate(connection: psycopg.Connection, minutes: Iterable[PendingMinute]) -> AggregationReport:
    """Aggregate minutes, a transaction each."""
    report = AggregationReport()
    for minute in minutes:
        aggregate_minute(connection, minute, report)
    report.aggregated_through = aggregated_through(connection)
    return report


def check_kept(connection: psycopg.Connection, start: datetime) -> None:
    """Raise `DataError` unless the raw scores since `start` are all still there."""
    ((kept_from,),) = connection.execute("SELECT kept_from FROM sentiment.progress").fetchall()
    if start < kept_from:
        raise DataError(f"raw scores before {kept_from:%Y-%m-%d} have been pruned; --from must not lie before that")
