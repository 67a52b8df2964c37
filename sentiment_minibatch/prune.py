"""Retention: raw scores go by whole days, as partitions; the minutes stay."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg
from psycopg import sql

from sentiment_minibatch.load import PRUNE_LOCK
from sentiment_minibatch.schema import statement


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
    """Drop raw scores that are older than `retention` by whole UTC days, all at once or not at all.

    Days with minutes that are still to be aggregated stay. Scores that come later for a dropped day are rejected.
    """
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [PRUNE_LOCK])
        ((kept_from,),) = connection.execute(statement("kept_from"), {"retention": retention}).fetchall()
        partitions = connection.execute(
            "SELECT name, day FROM sentiment.raw_partition WHERE day < (%s AT TIME ZONE 'UTC') ORDER BY name",
            [kept_from],
        ).fetchall()
        for name, _ in partitions:
            connection.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier("sentiment", name)))
        deleted = connection.execute("DELETE FROM sentiment.counted_message WHERE created_at < %s", [kept_from])
        connection.execute("DELETE FROM sentiment.rejected_score WHERE rejected_at < %s", [kept_from])
        connection.execute("UPDATE sentiment.progress SET kept_from = %s", [kept_from])
    return PruneReport(kept_from, len({day for _, day in partitions}), deleted.rowcount)
