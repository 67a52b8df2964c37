"""The index against its formula written out in plain Python, and what it must never do."""

import math
from datetime import datetime, timedelta

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sentiment_minibatch.index import Row, index_at, index_history
from sentiment_minibatch.load import load
from tests.sentiment_minibatch.oracle import START, delivery, minutes_of, run_job

MINUTE = timedelta(minutes=1)
HALF_LIFE, PRIOR, Z = 15, 20, 1.959963984540054
AS_OF = START + timedelta(hours=2)


def at(connection: psycopg.Connection, as_of: datetime = AS_OF) -> dict[str, Row]:
    return {row["symbol"]: row for row in index_at(connection, as_of)}


def fill(connection: psycopg.Connection, scores: list[tuple[str, float, int]]) -> None:
    """Messages as (symbol, score, minutes before AS_OF), aggregated."""
    connection.execute(
        "TRUNCATE sentiment.counted_message, sentiment.raw_score, sentiment.minute, sentiment.market_minute"
    )
    messages = [
        delivery(n, symbol, f"{score:.6f}", AS_OF - age * MINUTE) for n, (symbol, score, age) in enumerate(scores)
    ]
    load(connection, messages, "test")
    run_job(connection)


def formula(connection: psycopg.Connection, symbol: str) -> tuple[float, float, float]:
    """Decay, shrinkage towards the market, Wilson's interval on Kish's effective sample size."""

    def decayed(wanted: str | None) -> tuple[float, float, float, float]:
        bull = bear = opinions = squares = 0.0
        for (name, ending), (up, down, ups, downs, _) in minutes_of(connection).items():
            age = (AS_OF - ending) / MINUTE
            if (wanted is None or name == wanted) and 0 <= age < 8 * HALF_LIFE:
                weight = 0.5 ** (age / HALF_LIFE)
                bull, bear = bull + weight * up, bear - weight * down
                opinions, squares = opinions + weight * (ups + downs), squares + weight**2 * (ups + downs)
        return bull, bear, opinions, squares

    bull, bear, opinions, _ = decayed(None)
    strength = (bull + bear) / opinions
    mean = (bull + PRIOR * strength / 2) / (bull + bear + PRIOR * strength)
    bull, bear, opinions, squares = decayed(symbol)
    p = (bull + PRIOR * strength * mean) / (bull + bear + PRIOR * strength)
    n = opinions**2 / squares + PRIOR
    centre = (p + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half = Z / (1 + Z**2 / n) * math.sqrt(p * (1 - p) / n + Z**2 / (4 * n * n))
    return 100 * p, 100 * max(0, centre - half), 100 * min(1, centre + half)


_scores = st.lists(
    st.tuples(st.sampled_from("ABC"), st.floats(-1, 1), st.integers(1, 110)), min_size=1, max_size=40
).filter(lambda scores: any(abs(score) > 1e-3 and age <= 25 for _, score, age in scores))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(scores=_scores)
def test_the_index_is_its_formula(connection: psycopg.Connection, scores: list[tuple[str, float, int]]) -> None:
    fill(connection, scores)
    known = {symbol: row for symbol, row in at(connection).items() if row["index"] is not None}
    for symbol, row in known.items():
        shown = (float(row["index"]), float(row["low"]), float(row["high"]))
        assert shown == pytest.approx(formula(connection, symbol), abs=0.006)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(scores=_scores)
def test_the_history_ends_in_the_index_now(
    connection: psycopg.Connection, scores: list[tuple[str, float, int]]
) -> None:
    fill(connection, scores)
    for symbol, row in at(connection).items():
        for step in (MINUTE, 5 * MINUTE, 60 * MINUTE):
            point = index_history(connection, symbol, AS_OF - 2 * timedelta(hours=1), AS_OF, step)[-1]
            assert [point[name] for name in ("index", "low", "high")] == [
                row[name] for name in ("index", "low", "high")
            ]


def test_a_thin_ticker_is_drawn_to_the_market_and_a_busy_one_speaks_for_itself(connection: psycopg.Connection) -> None:
    fill(connection, [("BUSY", 0.5, 1)] * 500 + [("THIN", -0.5, 1)] * 2)
    index = at(connection)
    assert index["BUSY"]["index"] > 95
    assert 80 < index["THIN"]["index"] < index["BUSY"]["index"]
    assert index["THIN"]["high"] - index["THIN"]["low"] > index["BUSY"]["high"] - index["BUSY"]["low"]


def test_a_balanced_market_is_neutral(connection: psycopg.Connection) -> None:
    fill(connection, [("A", 0.5, 1), ("A", -0.5, 1)] * 10)
    assert at(connection)["A"]["index"] == 50


def test_news_of_a_half_life_ago_weighs_half(connection: psycopg.Connection) -> None:
    fill(connection, [("A", 0.5, 1)] * 100 + [("A", -0.5, 1 + HALF_LIFE)] * 200)
    assert at(connection, AS_OF)["A"]["index"] == 50


@pytest.mark.parametrize(("age", "known"), [(29, True), (31, False), (200, False)])
def test_without_an_opinion_in_two_half_lives_there_is_no_data(
    connection: psycopg.Connection, age: int, known: bool
) -> None:
    fill(connection, [("A", 0.5, age), ("B", 0.5, 1), ("A", 0.0, 1)])
    row = at(connection)["A"]
    assert (row["index"] is not None, row["low"] is not None, row["high"] is not None) == (known,) * 3
    assert row["last_message_minute"] == AS_OF


def test_minutes_to_come_do_not_change_the_past(connection: psycopg.Connection) -> None:
    fill(connection, [("A", 0.5, 10)])
    before = at(connection)["A"]
    load(connection, [delivery(999, "A", "-1", AS_OF)], "later")
    run_job(connection)
    assert at(connection)["A"] == before


def test_volume_is_held_against_its_own_history(connection: psycopg.Connection) -> None:
    hours = [("A", 0.5, 15 + minute) for minute in range(1, 106)]
    fill(connection, hours + [("A", 0.5, 5)] * 60)
    row = at(connection)["A"]
    assert (row["messages"], row["expected_messages"], row["volume_ratio"]) == (60, 15, 4)
    assert float(row["volume_z"]) == pytest.approx(2 * (math.sqrt(60.375) - math.sqrt(15.375)), abs=0.01)
