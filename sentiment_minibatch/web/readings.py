"""What the API answers, computed from the database once per revision of the minutes."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import psycopg

from sentiment_minibatch.index import closed_through, index_at, index_history
from sentiment_minibatch.web.models import History, HistoryQuery, MarketNow, Point, Sentiment, TickerSentiment

_LONGEST_HISTORY_POINTS = 3_000
_DEFAULT_SPAN = timedelta(hours=6)
_MINUTE = timedelta(minutes=1)


class MarketReader:
    """The market at the last aggregated minute, kept until the minutes change."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: tuple[tuple[datetime | None, int], str] | None = None

    def read(self, connection: psycopg.Connection, as_of: datetime | None, revision: int) -> str:
        """Return the market as JSON. One thread computes it; the others wait for that rather than do it again."""
        with self._lock:
            if self._kept is None or self._kept[0] != (as_of, revision):
                self._kept = ((as_of, revision), _market(connection, as_of, revision).model_dump_json())
            return self._kept[1]


def history(connection: psycopg.Connection, symbol: str | None, query: HistoryQuery, as_of: datetime) -> History:
    """Return an index over time. Raises `ValueError` if the query asks for a time that is too long, or backwards."""
    end = min(query.to or as_of, as_of).replace(second=0, microsecond=0)
    start = (query.from_ or end - _DEFAULT_SPAN).replace(second=0, microsecond=0)
    points = (end - start) / query.step_span
    if points > _LONGEST_HISTORY_POINTS:
        raise ValueError(
            f"{points:,.0f} points were asked for, at most {_LONGEST_HISTORY_POINTS:,} are given; use a longer step"
        )
    if query.from_ and query.to and query.from_ > query.to:
        raise ValueError("from lies after to")
    rows = index_history(connection, symbol, start, end, query.step_span)
    return History(
        symbol=symbol, step_seconds=int(query.step_span.total_seconds()), points=[Point(**row) for row in rows]
    )


def _market(connection: psycopg.Connection, as_of: datetime | None, revision: int) -> MarketNow:
    if as_of is None:
        return MarketNow(as_of=None, revision=revision, market=None, symbols=[])
    symbols = [TickerSentiment(**row) for row in index_at(connection, as_of)]
    now, earlier = (
        index_history(connection, None, at - _MINUTE, at, _MINUTE)[0] for at in (as_of, as_of - timedelta(hours=1))
    )
    messages = sum(symbol.messages for symbol in symbols)
    expected = sum(symbol.expected_messages for symbol in symbols)
    known = now["index"] is not None and earlier["index"] is not None
    market = Sentiment(
        index=now["index"],
        low=now["low"],
        high=now["high"],
        change=now["index"] - earlier["index"] if known else None,
        messages=messages,
        expected_messages=round(expected, 2),
        volume_ratio=round(messages / expected, 2) if expected else None,
    )
    closed = closed_through(connection)
    return MarketNow(as_of=as_of, closed_through=closed, revision=revision, market=market, symbols=symbols)
