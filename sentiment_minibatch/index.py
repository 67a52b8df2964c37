"""Reading the index that the database computes (`migrations/0010_index.sql`), and where its formulas come from.

- Sums decay exponentially with age: Cormode, Shkapenyuk, Srivastava & Xu, "Forward decay: a practical time decay model
  for streaming systems", ICDE 2009; smoothing itself: Brown, "Exponential smoothing for predicting demand", 1956.
- A thin ticker is drawn towards the market's mean: Efron & Morris, "Data analysis using Stein's estimator and its
  generalizations", JASA 70 (1975); but never out of its own band: their "Limiting the risk of Bayes and empirical Bayes
  estimators", JASA 66 (1971) and 67 (1972).
- The effective number of messages behind weights, here decay times strength: Kish, "Survey Sampling", 1965.
- The band is the score interval of Wilson, "Probable inference, the law of succession, and statistical inference",
  JASA 22 (1927), which Brown, Cai & DasGupta, "Interval estimation for a binomial proportion", Statistical Science 16
  (2001), recommend; `tests/sentiment_minibatch/test_coverage.py` shows how often it holds the truth.
- A move is told in standard errors, the bands of now and then combined as by Newcombe, "Interval estimation for the
  difference between independent proportions", Statistics in Medicine 17 (1998), and held against the ticker's own hours
  by its rank: Vovk, Gammerman & Shafer, "Algorithmic Learning in a Random World", 2005, section 2.
- Volume is compared with its history after the square-root transformation of Anscombe, "The transformation of Poisson,
  binomial and negative-binomial data", Biometrika 35 (1948).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg.rows import dict_row

from sentiment_minibatch.schema import statement

Row = dict[str, Any]

_ORIGIN = datetime(2000, 1, 1, tzinfo=UTC)


def latest(connection: psycopg.Connection) -> tuple[datetime | None, int]:
    """Return the end of the last aggregated minute and the revision, which grows with every change of the minutes."""
    row = connection.execute("SELECT aggregated_through, revision FROM sentiment.progress").fetchone()
    return row if row is not None else (None, 0)


def index_at(connection: psycopg.Connection, as_of: datetime) -> list[Row]:
    """Return a row per symbol with a message in about the last 24 hours, the most talked about first."""
    return _rows(connection, statement("index_now"), {"as_of": as_of})


def index_history(
    connection: psycopg.Connection, symbol: str | None, start: datetime, end: datetime, step: timedelta
) -> list[Row]:
    """Return a row per step in (start, end] for a symbol, or for the market where it is None.

    Both times are cut to whole steps; a step divides the hour, or is whole hours.
    """
    span = [whole_steps(start, step), whole_steps(end, step)]
    return _rows(connection, b"SELECT * FROM sentiment.index_history(%s, %s, %s, %s)", [symbol, *span, step])


def whole_steps(time: datetime, step: timedelta) -> datetime:
    """Return a time cut to whole steps since 2000-01-01 UTC."""
    return time - (time - _ORIGIN) % step


def moves_before(connection: psycopg.Connection, as_of: datetime, moves: Mapping[str, float]) -> dict[str, Row]:
    """Return for each symbol of `moves` over how many `hours` its index is known, and in how many it moved `as_far`."""
    asked = {"as_of": as_of, "symbols": list(moves), "moves": list(moves.values())}
    return {row["symbol"]: row for row in _rows(connection, statement("moves_before"), asked)}


def _rows(connection: psycopg.Connection, query: bytes, parameters: Mapping[str, Any] | Sequence[Any]) -> list[Row]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query, parameters).fetchall()
