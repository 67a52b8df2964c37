"""Reading the index that the database computes (`migrations/0004_index.sql`), and where its formulas come from.

- Sums and counts decay exponentially with age: Cormode, Shkapenyuk, Srivastava & Xu, "Forward decay: a practical time
  decay model for streaming systems", ICDE 2009; smoothing itself: Brown, "Exponential smoothing for predicting
  demand", 1956.
- A thin ticker is shrunk towards the market's mean: Efron & Morris, "Data analysis using Stein's estimator and its
  generalizations", JASA 70 (1975).
- The effective number of messages behind decayed weights: Kish, "Survey Sampling", 1965.
- The band is the score interval of Wilson, "Probable inference, the law of succession, and statistical inference",
  JASA 22 (1927), which Brown, Cai & DasGupta, "Interval estimation for a binomial proportion", Statistical Science 16
  (2001), recommend. A score in [-1, 1] varies no more than a binomial of the same mean, so it errs on the wide side.
- Volume is compared with its history after the square-root transformation of Anscombe, "The transformation of Poisson,
  binomial and negative-binomial data", Biometrika 35 (1948).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import psycopg
from psycopg.rows import dict_row

from sentiment_minibatch.schema import statement

Row = dict[str, Any]


def latest(connection: psycopg.Connection) -> tuple[datetime | None, int]:
    """Return the end of the last minute that is shown and the revision, which grows with every change of the minutes.

    That is the last aggregated minute, or, where the stream feeds the database, the open one after it.
    """
    row = connection.execute(
        "SELECT greatest(aggregated_through, open_through), revision FROM sentiment.progress"
    ).fetchone()
    return row if row is not None else (None, 0)


def closed_through(connection: psycopg.Connection) -> datetime | None:
    """Return the end of the last aggregated minute; those after it are open and still change."""
    row = connection.execute("SELECT aggregated_through FROM sentiment.progress").fetchone()
    return row[0] if row is not None else None


def index_at(connection: psycopg.Connection, as_of: datetime) -> list[Row]:
    """Return a row per symbol with a message in the last 24 hours, the most talked about first."""
    return _rows(connection, statement("index_now"), {"as_of": as_of})


def index_history(
    connection: psycopg.Connection, symbol: str | None, start: datetime, end: datetime, step: timedelta
) -> list[Row]:
    """Return a row per step in (start, end] for a symbol, or for the market where it is None."""
    return _rows(connection, b"SELECT * FROM sentiment.index_history(%s, %s, %s, %s)", [symbol, start, end, step])


def _rows(connection: psycopg.Connection, query: bytes, parameters: Mapping[str, Any] | Sequence[Any]) -> list[Row]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query, parameters).fetchall()
