"""Revisions on S3 become the minutes of the page, whatever the order in which they are read."""

from __future__ import annotations

import gzip
import json
import random
from datetime import UTC, datetime
from typing import Any

import pytest

from common.errors import DataError
from common.postgres import connect
from common.storage import open_store
from sentiment_minibatch.schema import migrate
from sentiment_minibatch.streaming.minutes import read_stream


def revision(number: int, **fields: Any) -> dict[str, Any]:
    row = {"symbol": "TSLA", "period_ending": "2026-01-05T14:31:00Z", "revision": number, "bullish_sum": 500_000}
    counts = {"bearish_sum": -250_000, "bullish_count": 1, "bearish_count": 1, "neutral_count": 0, "late_count": 0}
    return {**row, **counts, **fields}


def too_late(message_id: int, micros: int) -> dict[str, Any]:
    parts = {"bullish_micros": max(micros, 0), "bearish_micros": min(micros, 0)}
    minute = {"period_ending": "2026-01-05T14:31:00Z", "created_at_micros": 1_767_623_405_000_000}
    return {"message_id": message_id, "symbol": "TSLA", **minute, **parts}


def lines(*rows: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


@pytest.mark.parametrize("seed", range(4))
def test_the_latest_revision_and_what_came_too_late_make_the_minute(bucket: str, database_url: str, seed: int) -> None:
    store = open_store(f"s3://{bucket}/stream")
    objects = [
        lines(revision(1)),
        gzip.compress(lines(revision(3, bullish_sum=900_000, bullish_count=2, late_count=1))),
        lines(revision(2, bullish_sum=700_000), revision(5, symbol="SPY")),
        lines(too_late(7, 100_000), too_late(8, -50_000)),
        lines(too_late(7, 100_000), too_late(8, -60_000)),
        lines(revision(6, symbol="SPY", bullish_sum=0, bearish_sum=0, bullish_count=0, bearish_count=0)),
    ]
    random.Random(seed).shuffle(objects)
    with connect(database_url, autocommit=True) as connection:
        migrate(connection)
        for number, content in enumerate(objects):
            store.put(f"{number:02}", content)
            assert read_stream(connection, store).objects == 1
        minutes = connection.execute(
            "SELECT symbol, period_ending, bullish_sum, bearish_sum, bullish_count, bearish_count, neutral_count"
            " FROM sentiment.minute"
        ).fetchall()
        market = connection.execute(
            "SELECT bullish_sum, bearish_sum, symbols, late_messages FROM sentiment.market_minute"
        ).fetchall()
    assert minutes == [("TSLA", datetime(2026, 1, 5, 14, 31, tzinfo=UTC), 1_000_000, -310_000, 3, 2, 0)]
    assert market == [(1_000_000, -310_000, 1, 3)]


def test_an_object_that_holds_something_else_is_named_and_changes_nothing(bucket: str, database_url: str) -> None:
    store = open_store(f"s3://{bucket}/stream")
    store.put("minutes/a", lines(revision(1)) + b'{"symbol":"SPY"}\n')
    with connect(database_url, autocommit=True) as connection:
        migrate(connection)
        with pytest.raises(DataError, match="minutes/a, line 2, is no revision of a minute: it has the fields symbol"):
            read_stream(connection, store)
        assert connection.execute("SELECT count(*) FROM sentiment.minute").fetchone() == (0,)
