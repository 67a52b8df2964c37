"""What the minutes should be, computed from the deliveries in plain Python; and what the database has."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import psycopg

from sentiment_minibatch.aggregate import AggregationReport, aggregate
from sentiment_minibatch.scores import Delivery, RejectedDeliveryError, Score, judge, period_ending

Minutes = dict[tuple[str, datetime], tuple[int, int, int, int, int, int]]
Hours = dict[tuple[str, datetime, int], float]  # the fields of an hour by their number
START = datetime(2026, 1, 5, 14, 30, tzinfo=UTC)


def expected_minutes(deliveries: Iterable[Delivery]) -> Minutes:
    """Count each (message_id, symbol) once, by its least (created_at, score), and sum integers per minute."""
    counted: dict[tuple[int, str], Score] = {}
    for delivery in deliveries:
        try:
            score = judge(delivery, now=datetime.now(UTC))
        except RejectedDeliveryError:
            continue
        key = (score.message_id, score.symbol)
        counted[key] = min(score, counted.get(key, score))
    minutes: dict[tuple[str, datetime], list[int]] = defaultdict(lambda: [0] * 6)
    for score in counted.values():
        row = minutes[score.symbol, period_ending(score.created_at)]
        row[0] += max(score.score_micros, 0)
        row[1] += min(score.score_micros, 0)
        row[2] += (score.score_micros**2 + 500_000) // 1_000_000
        row[3] += score.score_micros > 0
        row[4] += score.score_micros < 0
        row[5] += score.score_micros == 0
    return {key: (row[0], row[1], row[2], row[3], row[4], row[5]) for key, row in minutes.items()}


def minutes_of(connection: psycopg.Connection) -> Minutes:
    rows = connection.execute(
        "SELECT symbol, period_ending, bullish_sum, bearish_sum, squares_sum, bullish_count, bearish_count,"
        " neutral_count FROM sentiment.minute"
    )
    return {(symbol, end): (a, b, c, d, e, f) for symbol, end, a, b, c, d, e, f in rows}


def recomputed(connection: psycopg.Connection) -> Minutes:
    """The minutes by one GROUP BY over all the raw scores."""
    rows = connection.execute(
        "SELECT symbol, date_trunc('minute', created_at) + interval '1 minute', sum(greatest(score_micros, 0)),"
        " sum(least(score_micros, 0)), sum((score_micros::bigint * score_micros + 500000) / 1000000),"
        " count(*) FILTER (WHERE score_micros > 0),"
        " count(*) FILTER (WHERE score_micros < 0), count(*) FILTER (WHERE score_micros = 0)"
        " FROM sentiment.raw_score GROUP BY 1, 2"
    )
    return {(symbol, end): (a, b, c, d, e, f) for symbol, end, a, b, c, d, e, f in rows}


def hours_of(connection: psycopg.Connection) -> Hours:
    """The hours that the database keeps, and the market's under an empty symbol."""
    rows = connection.execute(
        "SELECT symbol, period_ending, bullish, bearish, squares, bullish_count, bearish_count, neutral_count,"
        " recent_opinions FROM sentiment.hour UNION ALL SELECT '', period_ending, bullish, bearish, squares,"
        " bullish_count, bearish_count, neutral_count, recent_opinions FROM sentiment.market_hour"
    )
    return {(symbol, end, field): value for symbol, end, *values in rows for field, value in enumerate(values)}


def expected_hours(connection: psycopg.Connection) -> Hours:
    """What the hours up to the watermark should be, from the minutes."""
    rows = connection.execute("SELECT aggregated_through FROM sentiment.progress").fetchall()
    passed = rows[0][0].replace(minute=0) if rows[0][0] else datetime.min.replace(tzinfo=UTC)
    hours: Hours = defaultdict(float)
    for (symbol, minute), (up, down, squares, *counts) in minutes_of(connection).items():
        end = (minute - timedelta(minutes=1)).replace(minute=0) + timedelta(hours=1)
        weight = 0.5 ** ((end - minute) / timedelta(minutes=15))
        recent = counts[0] + counts[1] if end - minute < timedelta(minutes=30) else 0
        parts = (weight * up, -weight * down, weight**2 * squares, *counts, recent)
        for name in (symbol, "") if end <= passed else ():
            for field, part in enumerate(parts):
                hours[name, end, field] += part
    return dict(hours)


def run_job(
    connection: psycopg.Connection, *, at_most: int = 100_000, seconds_from_now: float = 0
) -> AggregationReport:
    """Run the job without grace; `seconds_from_now` makes it run as if that much later."""
    return aggregate(connection, grace=timedelta(seconds=-seconds_from_now), at_most=at_most)


def delivery(message_id: int, symbol: str, score: str | float, at: datetime) -> Delivery:
    return Delivery(str(message_id), symbol, str(score), at.isoformat())
