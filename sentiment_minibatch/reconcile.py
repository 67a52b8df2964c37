"""Recomputing a range from the raw scores, to compare it with the minutes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from sentiment_minibatch.backfill import check_kept, days_of
from sentiment_minibatch.schema import statement


@dataclass(frozen=True)
class Difference:
    """A row of the minutes (None: missing) beside what the raw scores give (None: no message)."""

    period_ending: datetime
    symbol: str
    kept: dict[str, Any] | None
    recomputed: dict[str, Any] | None

    def __str__(self) -> str:
        return f"{self.period_ending:%Y-%m-%dT%H:%MZ} {self.symbol}: kept {self.kept}, recomputed {self.recomputed}"


@dataclass(frozen=True)
class Reconciliation:
    """The differences that were found, and how many rows of the minutes were looked at."""

    rows: int
    differences: list[Difference]

    def __str__(self) -> str:
        return f"{self.rows:,} rows compared, {len(self.differences):,} differ"


def reconcile(connection: psycopg.Connection, start: datetime, end: datetime) -> Reconciliation:
    """Compare the minutes of event times [start, end), up to the watermark, with the raw scores.

    Raises `DataError` if raw scores of the range have been pruned.
    """
    check_kept(connection, start)
    differences = [
        Difference(*row)
        for first, last in days_of(start, end)
        for row in connection.execute(statement("reconcile"), {"start": first, "end": last})
    ]
    ((rows,),) = connection.execute(
        "SELECT count(*) FROM sentiment.minute WHERE period_ending > %s AND period_ending <= %s", [start, end]
    ).fetchall()
    return Reconciliation(rows, differences)
