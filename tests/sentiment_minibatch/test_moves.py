"""Moves of the hour: how often an hour like any other is called unusual, and that one unlike the others is."""

from datetime import timedelta

import numpy as np
import psycopg
import pytest

from sentiment_minibatch.index import Version, index_at, moves_before
from sentiment_minibatch.serving.readings import FALSE_ALARM_RATE, read_market
from tests.sentiment_minibatch.oracle import START

HOUR = timedelta(hours=1)
HOURS, SYMBOLS, ASKED = 280, 40, 80
END = START.replace(minute=0) + HOURS * HOUR


@pytest.fixture
def ordinary(connection: psycopg.Connection) -> psycopg.Connection:
    """Hours that are all alike: each ticker's messages of an hour, in its last minute, are drawn anew."""
    random = np.random.default_rng(3)
    share = random.uniform(0.4, 0.8, SYMBOLS)
    messages = random.integers(15, 80, SYMBOLS)
    ups = random.binomial(messages, share, (HOURS, SYMBOLS))
    rows = [
        (END - (HOURS - 1 - hour) * HOUR, f"S{number}", int(up), int(messages[number] - up))
        for hour, row in enumerate(ups)
        for number, up in enumerate(row)
    ]
    fields = [list(column) for column in zip(*rows, strict=True)]
    connection.execute(
        "INSERT INTO sentiment.minute (period_ending, symbol, bullish_sum, bearish_sum, squares_sum, bullish_count,"
        " bearish_count, neutral_count)"
        " SELECT at, name, 500000 * ups, -500000 * downs, 250000 * (ups + downs), ups, downs, 0"
        " FROM unnest(%s::timestamptz[], %s::text[], %s::integer[], %s::integer[]) AS row (at, name, ups, downs)",
        fields,
    )
    connection.execute(
        "INSERT INTO sentiment.market_minute"
        " SELECT period_ending, sum(bullish_sum), sum(bearish_sum), sum(bullish_count), sum(bearish_count), 0,"
        " count(*), 1, 0, now(), interval '0', sum(squares_sum)"
        " FROM sentiment.minute GROUP BY period_ending"
    )
    connection.execute("UPDATE sentiment.progress SET aggregated_through = %s", [END])
    return connection


def test_an_ordinary_hour_is_called_unusual_about_as_often_as_is_stated(ordinary: psycopg.Connection) -> None:
    alarms = 0
    for hour in range(ASKED):
        as_of = END - hour * HOUR
        moves = {row["symbol"]: abs(float(row["change_z"])) for row in index_at(ordinary, as_of)}
        before = moves_before(ordinary, as_of, moves)
        assert len(before) == SYMBOLS
        chances = [(1 + row["as_far"]) / (1 + row["hours"]) for row in before.values()]
        alarms += sum(chance <= FALSE_ALARM_RATE for chance in chances)
    assert 0.3 * FALSE_ALARM_RATE < alarms / (ASKED * SYMBOLS) < 1.7 * FALSE_ALARM_RATE


def test_an_hour_unlike_the_others_is_called_unusual_and_comes_first(ordinary: psycopg.Connection) -> None:
    ordinary.execute(
        "UPDATE sentiment.minute SET bullish_sum = 0, bullish_count = 0, bearish_count = 300, bearish_sum = -150000000,"
        " squares_sum = 75000000 WHERE symbol = 'S7' AND period_ending = %s",
        [END],
    )
    first = read_market(ordinary, Version(END, END, 1)).moves[0]
    assert (first.symbol, first.unusual) == ("S7", True)
    assert first.change < -20
    assert first.chance == pytest.approx(1 / (1 + first.hours))


def test_a_ticker_with_too_little_history_is_never_called_unusual(connection: psycopg.Connection) -> None:
    for hours, ups, downs in ((2, 50, 0), (1, 50, 0), (0, 0, 90)):
        connection.execute(
            "INSERT INTO sentiment.minute (period_ending, symbol, bullish_sum, bearish_sum, squares_sum, bullish_count,"
            " bearish_count, neutral_count) VALUES (%s, 'NEW', %s, %s, %s, %s, %s, 0)",
            [END - hours * HOUR, 500_000 * ups, -500_000 * downs, 250_000 * (ups + downs), ups, downs],
        )
    (move,) = read_market(connection, Version(END, END, 1)).moves
    assert (move.chance, move.unusual) == (None, False)
