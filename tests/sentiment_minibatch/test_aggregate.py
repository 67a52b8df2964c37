from datetime import timedelta

import psycopg
import pytest

from common.postgres import connect
from sentiment_minibatch.aggregate import only_aggregation
from sentiment_minibatch.backfill import backfill_minutes, reaggregate
from sentiment_minibatch.load import load
from tests.sentiment_minibatch.oracle import (
    START,
    delivery,
    expected_hours,
    expected_minutes,
    hours_of,
    minutes_of,
    run_job,
)

MINUTE = timedelta(minutes=1)


def test_sums_and_counts_are_kept_by_symbol_and_half_open_minute(connection: psycopg.Connection) -> None:
    load(
        connection,
        [
            delivery(1, "A", "0.5", START),
            delivery(2, "A", "0.25", START + MINUTE - timedelta(microseconds=1)),
            delivery(3, "A", "-0.125", START + timedelta(seconds=30)),
            delivery(4, "A", "0", START + timedelta(seconds=30)),
            delivery(5, "A", "1", START + MINUTE),
            delivery(6, "B", "-1", START),
        ],
        "test",
    )
    run_job(connection)
    assert minutes_of(connection) == {
        ("A", START + MINUTE): (750_000, -125_000, 328_125, 2, 1, 1),
        ("B", START + MINUTE): (0, -1_000_000, 1_000_000, 0, 1, 0),
        ("A", START + 2 * MINUTE): (1_000_000, 0, 1_000_000, 1, 0, 0),
    }


def test_the_view_shows_sums_in_score_units(connection: psycopg.Connection) -> None:
    load(connection, [delivery(1, "A", "0.1234565", START), delivery(2, "A", "-1", START)], "test")
    run_job(connection)
    (row,) = connection.execute("SELECT bullish_sum::text, bearish_sum::text FROM sentiment.minute_sentiment")
    assert row == ("0.123457", "-1.000000")


def test_sums_do_not_drift(connection: psycopg.Connection) -> None:
    load(connection, [delivery(n, "A", "0.1", START) for n in range(30_000)], "test")
    run_job(connection)
    assert minutes_of(connection)["A", START + MINUTE] == (3_000_000_000, 0, 300_000_000, 30_000, 0, 0)


def test_running_again_changes_nothing(connection: psycopg.Connection) -> None:
    load(connection, [delivery(n, "A", "0.1", START + n * MINUTE) for n in range(3)], "test")
    assert run_job(connection).minutes == 3
    before = minutes_of(connection)
    assert run_job(connection).minutes == 0
    assert minutes_of(connection) == before


def test_a_run_is_bounded_and_the_next_one_goes_on_in_order(connection: psycopg.Connection) -> None:
    load(connection, [delivery(n, "A", "0.1", START + n * MINUTE) for n in range(5)], "test")
    first = run_job(connection, at_most=2)
    assert (first.minutes, first.remaining, first.aggregated_through) == (2, 3, START + 2 * MINUTE)
    second = run_job(connection, at_most=2)
    assert (second.minutes, second.remaining, second.aggregated_through) == (2, 1, START + 4 * MINUTE)


def test_late_messages_are_counted_and_only_their_minutes_done_again(connection: psycopg.Connection) -> None:
    load(connection, [delivery(n, "A", "0.1", START + n * MINUTE) for n in range(5)], "test")
    run_job(connection)
    load(connection, [delivery(10, "B", "1", START), delivery(11, "A", "1", START)], "late")
    report = run_job(connection)
    assert (report.minutes, report.late_minutes, report.late_messages) == (1, 1, 2)
    passes = connection.execute("SELECT passes, late_messages FROM sentiment.market_minute ORDER BY period_ending")
    assert passes.fetchall() == [(2, 2), (1, 0), (1, 0), (1, 0), (1, 0)]


def test_late_minutes_do_not_turn_back_how_far_the_job_is(connection: psycopg.Connection) -> None:
    load(connection, [delivery(n, "A", "0.1", START + n * MINUTE) for n in range(5)], "test")
    run_job(connection)
    through = "SELECT aggregated_through FROM sentiment.progress"
    before = connection.execute(through).fetchone()
    load(connection, [delivery(10, "B", "1", START), delivery(11, "B", "1", START + MINUTE)], "late")
    assert run_job(connection, at_most=1).remaining == 1
    assert connection.execute(through).fetchone() == before


def test_late_messages_add_up_over_the_times_that_a_minute_is_done_again(connection: psycopg.Connection) -> None:
    for number in range(3):
        load(connection, [delivery(number, "A", "0.1", START)], "test")
        run_job(connection)
    found = connection.execute("SELECT passes, late_messages FROM sentiment.market_minute").fetchall()
    assert found == [(3, 2)]


def test_new_minutes_come_before_late_ones(connection: psycopg.Connection) -> None:
    load(connection, [delivery(1, "A", "0.1", START + 9 * MINUTE)], "test")
    run_job(connection, at_most=1)
    connection.execute("UPDATE sentiment.progress SET aggregated_through = %s", [START + 10 * MINUTE])
    load(connection, [delivery(2, "A", "0.1", START), delivery(3, "A", "0.1", START + 20 * MINUTE)], "test")
    assert run_job(connection, at_most=1).aggregated_through == START + 21 * MINUTE


def test_a_minute_that_has_not_ended_waits(connection: psycopg.Connection) -> None:
    ((now,),) = connection.execute("SELECT clock_timestamp()").fetchall()
    load(connection, [delivery(1, "A", "0.1", now)], "test")
    assert run_job(connection, seconds_from_now=-60).minutes == 0
    assert run_job(connection, seconds_from_now=60).minutes == 1


def test_a_transaction_that_commits_after_its_minute_was_passed_is_not_missed(
    url: str, connection: psycopg.Connection
) -> None:
    """Whatever clocks and sequence numbers it took when it began."""
    slow = [delivery(1, "A", "0.5", START)]
    quick = [delivery(2, "A", "0.25", START), delivery(3, "A", "0.25", START + 5 * MINUTE)]
    load(connection, [delivery(4, "B", "0.1", START)], "first")  # makes the day's partition
    run_job(connection)
    with connect(url) as slow_writer:
        load(slow_writer, slow, "slow")  # in a transaction that is still open
        load(connection, quick, "quick")
        run_job(connection)
        assert minutes_of(connection)["A", START + MINUTE] == (250_000, 0, 62_500, 1, 0, 0)
        slow_writer.commit()
    assert run_job(connection).late_minutes == 1
    assert minutes_of(connection)["A", START + MINUTE] == (750_000, 0, 312_500, 2, 0, 0)


def test_a_minute_that_a_better_delivery_empties_loses_its_row(connection: psycopg.Connection) -> None:
    first, better = delivery(1, "A", "0.5", START + MINUTE), delivery(1, "A", "0.5", START)
    load(connection, [first], "test")
    run_job(connection)
    load(connection, [better], "test")
    run_job(connection)
    assert minutes_of(connection) == expected_minutes([first, better])
    assert set(minutes_of(connection)) == {("A", START + MINUTE)}


def test_the_market_minute_is_the_sum_of_its_tickers(connection: psycopg.Connection) -> None:
    load(connection, [delivery(n, "ABC"[n % 3], f"{n / 10 - 0.5:.1f}", START) for n in range(10)], "test")
    run_job(connection)
    (totals,) = connection.execute(
        "SELECT sum(bullish_sum), sum(bearish_sum), sum(squares_sum), count(*) FROM sentiment.minute"
    )
    (market,) = connection.execute("SELECT bullish_sum, bearish_sum, squares_sum, symbols FROM sentiment.market_minute")
    assert market == totals


def test_only_one_aggregation_has_the_lock(url: str, connection: psycopg.Connection) -> None:
    with connect(url, autocommit=True) as other, only_aggregation(connection) as first:
        assert first
        with only_aggregation(other) as second:
            assert not second
    with only_aggregation(connection) as again:
        assert again


@pytest.mark.parametrize("index", ["raw_score_on_time_created_at", "raw_score_late_created_at"])
def test_a_minute_is_found_by_index(connection: psycopg.Connection, index: str) -> None:
    """Both parts of the raw scores have one; partitions of other days are not even looked at."""
    load(connection, [delivery(n, "A", "0.1", START + timedelta(hours=n)) for n in range(72)], "test")
    connection.execute("SET enable_seqscan = off")
    plan = connection.execute(
        "EXPLAIN SELECT count(*) FROM sentiment.raw_score WHERE created_at >= %s AND created_at < %s",
        [START, START + MINUTE],
    ).fetchall()
    text = "\n".join(line for (line,) in plan)
    assert "20260105" in text
    assert "20260106" not in text
    kind = "Bitmap" if "on_time" in index else "Index"
    assert kind in text


def test_hours_follow_their_minutes_whatever_order_they_come_in(connection: psycopg.Connection) -> None:
    """As the watermark passes, when late messages come, when a minute loses its last message, when they are revised."""
    first = [delivery(n, "AB"[n % 2], f"{n % 7 / 3 - 1:.6f}", START + n * 5 * MINUTE) for n in range(60)]
    load(connection, first[:30], "test")
    run_job(connection)
    assert_hours(connection)
    load(connection, [*first[30:], delivery(900, "C", "1", START + 7 * MINUTE)], "more, and late")
    run_job(connection)
    assert_hours(connection)
    load(connection, [first[4]._replace(created_at=(START - 300 * MINUTE).isoformat())], "moved")
    run_job(connection)
    assert_hours(connection)
    connection.execute("UPDATE sentiment.minute SET bullish_sum = bullish_sum + 7 WHERE symbol = 'B'")
    connection.execute("DELETE FROM sentiment.minute WHERE symbol = 'C'")
    again = reaggregate(connection, backfill_minutes(connection, START - 400 * MINUTE, START + 400 * MINUTE))
    assert (again.minutes, again.late_minutes, again.remaining) == (62, 62, 0)
    assert_hours(connection)


def assert_hours(connection: psycopg.Connection) -> None:
    hours = hours_of(connection)
    assert hours
    assert hours == pytest.approx(expected_hours(connection), rel=1e-9)
