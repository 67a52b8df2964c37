"""What the API answers, computed from the database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg

from sentiment_minibatch.index import Row, Version, index_at, index_history, moves_before, whole_steps
from sentiment_minibatch.serving.models import (
    History,
    HistoryQuery,
    MarketNow,
    MarketQuery,
    Move,
    Point,
    Sentiment,
    TickerSentiment,
)

FALSE_ALARM_RATE = 0.01
_MOVES_SHOWN = 12
_LEAST_HOURS = round(1 / FALSE_ALARM_RATE) - 1  # of fewer no move can be among the one in a hundred that are largest
_LONGEST_HISTORY_POINTS = 3_000
_DEFAULT_SPAN = timedelta(hours=6)
_MINUTE = timedelta(minutes=1)


class UnknownTickerError(LookupError):
    """No message about this ticker has been aggregated."""


@dataclass(frozen=True)
class Market:
    """The market at one version of the minutes: every ticker, the moves of the hour, and the whole."""

    version: Version
    whole: Sentiment | None
    moves: list[Move]
    rows: list[Row]

    def answer(self, query: MarketQuery) -> MarketNow:
        """Return what is asked for of it."""
        found = [row for row in self.rows if _is_wanted(row, query)]
        known = [row for row in found if row[query.sort] is not None]
        known.sort(key=lambda row: row[query.sort], reverse=query.order == "descending")
        ordered = known + [row for row in found if row[query.sort] is None]
        return MarketNow(
            as_of=self.version.as_of,
            closed_through=self.version.closed_through,
            revision=self.version.revision,
            market=self.whole,
            false_alarm_rate=FALSE_ALARM_RATE,
            moves=self.moves,
            found=len(found),
            symbols=[TickerSentiment(**row) for row in ordered[: query.limit]],
        )


def read_market(connection: psycopg.Connection, version: Version) -> Market:
    """Return the market at a version of the minutes."""
    if version.as_of is None:
        return Market(version, None, [], [])
    rows = index_at(connection, version.as_of)
    return Market(version, _whole(connection, version.as_of, rows), _moves(connection, version.as_of, rows), rows)


def read_history(connection: psycopg.Connection, symbol: str | None, query: HistoryQuery, as_of: datetime) -> History:
    """Return an index over time.

    Raises `ValueError` if the query asks for too many points, or backwards, `UnknownTickerError` for a ticker without
    a message.
    """
    if symbol is not None and not _is_known(connection, symbol):
        raise UnknownTickerError(f"no message about {symbol} has been aggregated")
    if query.from_ and query.to and query.from_ > query.to:
        raise ValueError("from lies after to")
    end = min(query.to or as_of, as_of)
    start = query.from_ or end - _DEFAULT_SPAN
    points = (end - start) / query.step_span
    if points > _LONGEST_HISTORY_POINTS:
        raise ValueError(
            f"{points:,.0f} points were asked for, at most {_LONGEST_HISTORY_POINTS:,} are given; use a longer step"
        )
    first = whole_steps(_first_minute(connection) - _MINUTE, query.step_span)  # before it there is nothing to show
    rows = index_history(connection, symbol, max(start, first), end, query.step_span)
    return History(
        symbol=symbol, step_seconds=int(query.step_span.total_seconds()), points=[Point(**row) for row in rows]
    )


def _is_wanted(row: Row, query: MarketQuery) -> bool:
    if query.wanted is not None and row["symbol"] not in query.wanted:
        return False
    part = query.search.strip().removeprefix("$").casefold()
    return part in row["symbol"].casefold() or part in (row["name"] or "").casefold()


def _whole(connection: psycopg.Connection, as_of: datetime, rows: list[Row]) -> Sentiment:
    points = index_history(connection, None, as_of - timedelta(hours=1) - _MINUTE, as_of, _MINUTE)
    now, earlier = points[-1], points[0]
    messages = sum(row["messages"] for row in rows)
    expected = sum(row["expected_messages"] for row in rows)
    known = now["index"] is not None and earlier["index"] is not None
    return Sentiment(
        index=now["index"],
        low=now["low"],
        high=now["high"],
        change=now["index"] - earlier["index"] if known else None,
        messages=messages,
        expected_messages=round(expected, 2),
        volume_ratio=round(messages / expected, 2) if expected else None,
    )


def _moves(connection: psycopg.Connection, as_of: datetime, rows: list[Row]) -> list[Move]:
    """Return the moves that stand out most, each with its rank among the ticker's own hours.

    Where hours are exchangeable, a rank among the highest of n + 1 has the chance that it says.
    """
    moved = [row for row in rows if row["change_z"] is not None]
    moved.sort(key=lambda row: abs(row["change_z"]), reverse=True)
    shown = moved[:_MOVES_SHOWN]
    before = moves_before(connection, as_of, {row["symbol"]: abs(row["change_z"]) for row in shown}) if shown else {}
    return [_move(row, before[row["symbol"]]) for row in shown]


def _move(row: Row, before: Row) -> Move:
    hours, as_far = before["hours"], before["as_far"]
    chance = (1 + as_far) / (1 + hours) if hours >= _LEAST_HOURS else None
    fields: dict[str, Any] = {name: row[name] for name in ("symbol", "name", "index", "change", "change_z")}
    return Move(**fields, hours=hours, chance=chance, unusual=chance is not None and chance <= FALSE_ALARM_RATE)


def _is_known(connection: psycopg.Connection, symbol: str) -> bool:
    row = connection.execute("SELECT 1 FROM sentiment.minute WHERE symbol = %s LIMIT 1", [symbol]).fetchone()
    return row is not None


def _first_minute(connection: psycopg.Connection) -> datetime:
    rows = connection.execute("SELECT coalesce(min(period_ending), now()) FROM sentiment.market_minute").fetchall()
    first: datetime = rows[0][0]
    return first
