"""Revisions and messages become the minutes of the page, whatever the order in which they are read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.postgres import connect
from sentiment_minibatch.schema import migrate
from sentiment_minibatch.streaming.revisions import Change, UnreadableError, merge, prune, read_change
from tests.sentiment_minibatch.oracle import expected_hours, hours_of
from tests.sentiment_minibatch.processes import somebody_waits_for_a_lock, wait_until

MINUTE = datetime(2026, 1, 5, 14, 31, tzinfo=UTC)
NAMES = ("revision", "bullish_sum", "bearish_sum", "squares_sum", "bullish_count", "bearish_count", "neutral_count")


def revision(position: int, number: int = 1, messages: int = 1, **fields: Any) -> Change:
    """A revision of TSLA's minute with so many messages of 0.5 each."""
    sums = (number, messages * 500_000, 0, messages * 250_000, messages, 0, 0)
    row = {"symbol": "TSLA", "period_ending": f"{MINUTE:%Y-%m-%dT%H:%M:%SZ}", "position": str(position), "final": True}
    return {**row, **dict(zip(NAMES, sums, strict=True)), "late_count": 0, **fields}


def message(position: int, number: int, micros: int = 500_000, second: int = 5) -> Change:
    created = MINUTE - timedelta(seconds=60 - second)
    row = {"symbol": "TSLA", "period_ending": f"{MINUTE:%Y-%m-%dT%H:%M:%SZ}", "position": str(position)}
    return {
        **row,
        "message_id": number,
        "created_at_micros": int(created.timestamp()) * 1_000_000,
        "score_micros": micros,
    }


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection]:
    with connect(database_url, autocommit=True) as connection:
        migrate(connection)
        yield connection


def keep(connection: psycopg.Connection, *changes: Change) -> None:
    with connection.transaction():
        merge(connection, changes)


def minutes(connection: psycopg.Connection) -> list[tuple[Any, ...]]:
    return connection.execute(
        "SELECT symbol, bullish_sum, bearish_sum, squares_sum, bullish_count, bearish_count, neutral_count"
        " FROM sentiment.minute ORDER BY symbol"
    ).fetchall()


def progress(connection: psycopg.Connection) -> tuple[Any, ...]:
    (row,) = connection.execute("SELECT aggregated_through, open_through FROM sentiment.progress").fetchall()
    return tuple(row)


CHANGES = [
    revision(1, 10),
    revision(5, 20, messages=3),
    revision(5, 21, messages=3),  # the final one, of the same position
    revision(4, 99, messages=2),  # by a job that reads the stream anew and has not read as far: later, but less
    message(3, 7),  # the revision knows of it
    message(6, 8),  # not of this one
    message(7, 8),  # delivered again
    message(9, 8, micros=-500_000),  # and again, with a lesser score: that counts
    revision(8, symbol="SPY", messages=0),
]


@given(st.permutations([*CHANGES, *CHANGES[::2]]), st.integers(1, 5))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_neither_order_nor_repetition_makes_a_difference(
    connection: psycopg.Connection, changes: list[Change], size: int
) -> None:
    connection.execute(
        "TRUNCATE sentiment.minute, sentiment.market_minute, sentiment.stream_minute, sentiment.stream_message"
    )
    for start in range(0, len(changes), size):
        keep(connection, *changes[start : start + size])
    assert minutes(connection) == [("TSLA", 1_500_000, -500_000, 1_000_000, 3, 1, 0)]
    market = connection.execute(
        "SELECT bullish_sum, bearish_sum, squares_sum, symbols FROM sentiment.market_minute"
    ).fetchall()
    assert market == [(1_500_000, -500_000, 1_000_000, 1)]


def test_an_open_minute_is_shown_but_not_as_one_that_is_over(connection: psycopg.Connection) -> None:
    keep(connection, revision(1, final=False))
    assert progress(connection) == (None, MINUTE)
    assert len(minutes(connection)) == 1
    keep(connection, revision(1, 2), revision(2, final=False, symbol="SPY"))
    assert progress(connection) == (MINUTE - timedelta(minutes=1), MINUTE), "one of its symbols is still open"
    keep(connection, revision(2, 2, symbol="SPY"))
    assert progress(connection) == (MINUTE, MINUTE)


def test_a_minute_that_a_lost_job_left_open_holds_nothing_up(connection: psycopg.Connection) -> None:
    keep(connection, revision(1, final=False))
    later = MINUTE + timedelta(minutes=2)
    keep(connection, revision(2, period_ending=f"{later:%Y-%m-%dT%H:%M:%SZ}"))
    assert progress(connection) == (later, later)


def test_hours_follow_the_minutes_that_the_stream_changes_later(connection: psycopg.Connection) -> None:
    keep(connection, revision(1), revision(2, symbol="SPY"))
    keep(connection, revision(3, period_ending=f"{MINUTE + timedelta(hours=2):%Y-%m-%dT%H:%M:%SZ}"))
    before = hours_of(connection)
    keep(connection, revision(4, messages=5), revision(5, 2, messages=0, symbol="SPY"), message(6, 1, micros=-9))
    assert hours_of(connection) == pytest.approx(expected_hours(connection))
    assert before.keys() > hours_of(connection).keys()


def test_what_was_pruned_is_not_put_together_from_what_comes_later(connection: psycopg.Connection) -> None:
    keep(connection, revision(1, messages=100))
    before = minutes(connection)
    prune(connection, timedelta(days=1))
    assert connection.execute("SELECT count(*) FROM sentiment.stream_minute").fetchone() == (0,)
    keep(connection, message(2, 1))
    assert minutes(connection) == before


def test_what_is_pruned_while_it_is_being_changed_stays_as_it_was(
    connection: psycopg.Connection, database_url: str
) -> None:
    keep(connection, revision(1, messages=100))
    before = minutes(connection)
    with connect(database_url, autocommit=True) as other, ThreadPoolExecutor(1) as pool:
        with connection.transaction():
            connection.execute("UPDATE sentiment.progress SET kept_from = %s", [MINUTE])
            changed = pool.submit(keep, other, revision(2, messages=1))
            wait_until(lambda: somebody_waits_for_a_lock(connection))
            prune(connection, timedelta(days=1))
        changed.result(60)
    assert minutes(connection) == before


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (b"\xff", "it is no JSON"),
        (b"[]", "it has the fields"),
        (b'{"errorCode": "S3.AccessDenied"}', "it has the fields errorCode"),
        (json.dumps(revision(1, revision="1")).encode(), "revision is no whole number"),
        (json.dumps({**revision(1), "position": "1e9"}).encode(), "position is '1e9'"),
        (json.dumps(revision(1, period_ending="yesterday")).encode(), "period_ending is 'yesterday'"),
    ],
)
def test_a_line_that_is_something_else_is_told_so(line: bytes, told: str) -> None:
    with pytest.raises(UnreadableError, match=told):
        read_change(line)
