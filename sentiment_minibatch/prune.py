"""Retention: raw scores go by whole days, as partitions, and messages by their age; the minutes stay."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg
from psycopg import sql

from sentiment_minibatch.schema import statement

PRUNE_LOCK = 7_031_003  # whoever brings scores or messages in holds it shared
_DAYS_AT_ONCE = 32  # a dropped partition takes several of the server's locks


@dataclass(frozen=True)
class PruneReport:
    """What is kept from when on, and what went."""

    kept_from: datetime
    days: int
    messages: int

    def __str__(self) -> str:
        kept = f"raw scores are kept from {self.kept_from:%Y-%m-%d}"
        return f"{self.days:,} days with {self.messages:,} messages dropped; {kept}"


def prune(connection: psycopg.Connection, retention: timedelta) -> PruneReport:
    """Drop raw scores that are older than `retention` by whole UTC days, the oldest first.

    Each transaction drops as many days as the server can lock at once, and says so in `kept_from`. Days with
    minutes that are still to be aggregated stay. Scores that come later for a dropped day are rejected.
    """
    days, messages = 0, 0
    while True:
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", [PRUNE_LOCK])
            ((kept_from,),) = connection.execute(statement("kept_from"), {"retention": retention}).fetchall()
            waiting = _days_before(connection, kept_from)
            if len(waiting) > _DAYS_AT_ONCE:
                kept_from = waiting[_DAYS_AT_ONCE]
            messages += _drop(connection, waiting[:_DAYS_AT_ONCE], kept_from)
        days += len(waiting[:_DAYS_AT_ONCE])
        if len(waiting) <= _DAYS_AT_ONCE:
            return PruneReport(kept_from, days, messages)


def forget_messages(connection: psycopg.Connection, text_retention: timedelta) -> int:
    """Delete messages older than `text_retention`, and scores' origins of pruned days; return how many texts went.

    A message that still waits to be scored stays. What the scores counted stays too.
    """
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [PRUNE_LOCK])
        connection.execute(statement("forget_message_scores"))
        return connection.execute(statement("forget_messages"), {"retention": text_retention}).rowcount


def _days_before(connection: psycopg.Connection, kept_from: datetime) -> list[datetime]:
    """Return the starts of the days before `kept_from` that have partitions, the oldest first."""
    rows = connection.execute(
        "SELECT DISTINCT day::timestamp AT TIME ZONE 'UTC' FROM sentiment.raw_partition"
        " WHERE day < (%s AT TIME ZONE 'UTC') ORDER BY 1",
        [kept_from],
    )
    return [day for (day,) in rows]


def _drop(connection: psycopg.Connection, days: list[datetime], kept_from: datetime) -> int:
    """Drop the partitions of `days`, forget what is older than `kept_from`; return how many messages that were."""
    names = connection.execute(
        "SELECT name FROM sentiment.raw_partition WHERE day::timestamp AT TIME ZONE 'UTC' = ANY (%s) ORDER BY name",
        [days],
    ).fetchall()
    for (name,) in names:
        connection.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier("sentiment", name)))
    deleted = connection.execute("DELETE FROM sentiment.counted_message WHERE created_at < %s", [kept_from])
    connection.execute("DELETE FROM sentiment.rejected_score WHERE rejected_at < %s", [kept_from])
    connection.execute("UPDATE sentiment.progress SET kept_from = %s", [kept_from])
    return deleted.rowcount
