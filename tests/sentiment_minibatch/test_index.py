"""The index against its formula written out in plain Python, and what it must never do."""

import math
from datetime import datetime, timedelta

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.postgres import connect
from sentiment_minibatch.index import Row, index_at, index_history, whole_steps
from sentiment_minibatch.load import load
from tests.sentiment_minibatch.oracle import START, delivery, minutes_of, run_job

MINUTE = timedelta(minutes=1)
HALF_LIFE, PRIOR, Z = 15, 20, 1.959963984540054
AS_OF = START + timedelta(hours=2.5)  # a whole hour
TABLES = "counted_message, raw_score, changed_minute, minute, market_minute, hour, market_hour"


def at(connection: psycopg.Connection, as_of: datetime = AS_OF) -> dict[str, Row]:
    return {row["symbol"]: row for row in index_at(connection, as_of)}


def fill(connection: psycopg.Connection, scores: list[tuple[str, float, int]]) -> None:
    """Messages as (symbol, score, minutes before AS_OF), aggregated."""
    connection.execute("TRUNCATE " + ", ".join(f"sentiment.{table}" for table in TABLES.split(", ")))
    connection.execute("UPDATE sentiment.progress SET aggregated_through = NULL, hours_through = NULL")
    messages = [
        delivery(n, symbol, f"{score:.6f}", AS_OF - age * MINUTE) for n, (symbol, score, age) in enumerate(scores)
    ]
    load(connection, messages, "test")
    run_job(connection)


def formula(connection: psycopg.Connection, symbol: str) -> tuple[float, float, float]:
    """Decay, Wilson's interval on Kish's effective sample size of score, shrinkage towards the market within it."""

    def decayed(wanted: str | None) -> tuple[float, float, float, float, int]:
        bull = bear = squares = opinions = count = 0
        for (name, ending), (up, down, square, ups, downs, _) in minutes_of(connection).items():
            age = (AS_OF - ending) / MINUTE
            if (wanted is None or name == wanted) and 0 <= age < 8 * HALF_LIFE:
                weight = 0.5 ** (age / HALF_LIFE)
                bull, bear, squares = bull + weight * up, bear - weight * down, squares + weight**2 * square
                opinions, count = opinions + weight * (ups + downs), count + ups + downs
        return bull, bear, squares, opinions, count

    bull, bear, _, opinions, _ = decayed(None)
    strength = (bull + bear) / opinions
    mean = (bull + PRIOR * strength / 2) / (bull + bear + PRIOR * strength)
    bull, bear, squares, _, count = decayed(symbol)
    p = bull / (bull + bear)
    n = min(count, (bull + bear) ** 2 / (squares * 1e6)) if squares else count
    centre = (p + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half = Z / (1 + Z**2 / n) * math.sqrt(p * (1 - p) / n + Z**2 / (4 * n * n))
    low, high = 100 * max(0, centre - half), 100 * min(1, centre + half)
    drawn = 100 * (bull + PRIOR * strength * mean) / (bull + bear + PRIOR * strength)
    return min(max(drawn, low), high), low, high


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
def test_every_point_of_a_history_is_the_index_at_its_time(
    connection: psycopg.Connection, scores: list[tuple[str, float, int]]
) -> None:
    fill(connection, scores)
    names = ("index", "low", "high", "effective_messages")
    for step in (MINUTE, 5 * MINUTE, 15 * MINUTE, 60 * MINUTE):
        for symbol in at(connection):
            points = index_history(connection, symbol, AS_OF - timedelta(hours=2), AS_OF + step, step)
            for point in points[:: max(1, len(points) // 5)]:
                now = at(connection, point["period_ending"]).get(symbol)
                assert now is None or [point[name] for name in names] == pytest.approx([now[name] for name in names])


def test_a_days_point_is_that_of_its_last_hour_and_has_all_its_messages(connection: psycopg.Connection) -> None:
    fill(connection, [("A", 0.5, age) for age in range(1, 2_000, 7)] + [("A", -0.5, 900)])
    for step in (timedelta(hours=1), timedelta(days=1)):
        end = whole_steps(AS_OF, step)
        (point,) = index_history(connection, "A", end - step, end, step)
        (market,) = index_history(connection, None, end - step, end, step)
        now = at(connection, end)["A"]
        assert [point[name] for name in ("index", "low", "high")] == [now[name] for name in ("index", "low", "high")]
        ((messages,),) = connection.execute(
            "SELECT count(*) FROM sentiment.raw_score WHERE created_at >= %s AND created_at < %s", [end - step, end]
        ).fetchall()
        for each in (point, market):
            assert each["bullish_count"] + each["bearish_count"] == messages


@pytest.mark.parametrize("step", [MINUTE, 15 * MINUTE, timedelta(hours=1), timedelta(days=1)])
def test_a_history_reads_each_row_once_however_many_points_it_has(
    url: str, connection: psycopg.Connection, step: timedelta
) -> None:
    """By the server's own counts: no more than there are rows in its tables, however many points."""
    fill(connection, [("AB"[age % 2], 0.5, age) for age in range(1, 3_000, 11)])
    with connect(url) as own:  # whose counts are of this alone
        own.execute("SET LOCAL enable_indexonlyscan = off")  # which the counts leave out
        points = index_history(own, "A", AS_OF - 2_000 * MINUTE, AS_OF, step)
        counts = own.execute(
            "SELECT relname, seq_scan + coalesce(idx_scan, 0), seq_tup_read + coalesce(idx_tup_fetch, 0)"
            " FROM pg_stat_xact_user_tables WHERE schemaname = 'sentiment' AND seq_scan + coalesce(idx_scan, 0) > 0"
        ).fetchall()
    sizes = {
        table: connection.execute(f"SELECT count(*) FROM sentiment.{table}".encode()).fetchone() for table, *_ in counts
    }
    assert len(points) >= 2_000 * MINUTE // step
    assert set(sizes) == ({"minute", "market_minute"} if step < timedelta(hours=1) else {"hour", "market_hour"})
    for table, scans, rows in counts:
        assert scans <= 3  # the planner may look at an index's ends
        assert 0 < rows <= (sizes[table] or (0,))[0] + 2


def test_a_thin_ticker_is_drawn_to_the_market_and_a_busy_one_speaks_for_itself(connection: psycopg.Connection) -> None:
    fill(connection, [("BUSY", 0.5, 1)] * 500 + [("THIN", -0.5, 1)] * 2)
    index = at(connection)
    assert index["BUSY"]["index"] > 95
    assert 50 < index["THIN"]["index"] < index["BUSY"]["index"]
    assert index["THIN"]["high"] - index["THIN"]["low"] > index["BUSY"]["high"] - index["BUSY"]["low"]


def test_the_market_never_draws_a_ticker_out_of_its_own_band(connection: psycopg.Connection) -> None:
    fill(connection, [("BUSY", 0.5, 1)] * 500 + [("OTHER", -0.5, 1)] * 15)
    row = at(connection)["OTHER"]
    assert (row["low"], row["index"]) == (0, row["high"])
    assert row["high"] < 25


def test_strong_scores_count_for_more_and_leave_fewer_effective_messages(connection: psycopg.Connection) -> None:
    fill(connection, [("EVEN", 0.5, 1)] * 100 + [("MIXED", 1.0, 1)] * 10 + [("MIXED", 0.05, 1)] * 90)
    index = at(connection)
    assert index["EVEN"]["effective_messages"] == 100
    assert float(index["MIXED"]["effective_messages"]) == pytest.approx(14.5**2 / 10.225, abs=0.06)


def test_scores_too_weak_to_have_a_square_are_never_more_than_there_are(connection: psycopg.Connection) -> None:
    fill(connection, [("WEAK", 0.0001, 1)] * 30)
    assert at(connection)["WEAK"]["effective_messages"] == 30


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


def test_volume_is_held_against_the_whole_hours_before_it(connection: psycopg.Connection) -> None:
    hours = [("A", 0.5, 60 + minute) for minute in range(1, 121)]  # the two hours that ended an hour ago
    fill(connection, hours + [("A", 0.5, 5)] * 60)
    row = at(connection)["A"]
    assert (row["messages"], row["expected_messages"], row["volume_ratio"]) == (60, 15, 4)
    assert float(row["volume_z"]) == pytest.approx(2 * (math.sqrt(60.375) - math.sqrt(15.375)), abs=0.01)
