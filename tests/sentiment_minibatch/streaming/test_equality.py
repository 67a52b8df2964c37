"""The stream and the mini-batch make the same table of the same scores, to the digit."""

from __future__ import annotations

from pathlib import Path

import pytest

from common.postgres import connect
from sentiment_minibatch.generator import StreamSettings, deliveries
from sentiment_minibatch.score_files import read_deliveries
from tests.sentiment_minibatch.streaming.databases import second_database
from tests.sentiment_minibatch.streaming.replays import (
    Minute,
    minibatch,
    minutes_of,
    preprocess_file,
    properties,
    read_outputs,
    run_job,
    write_deliveries,
)

pytestmark = [pytest.mark.flink, pytest.mark.slow, pytest.mark.timeout(1500)]


def test_a_million_events_make_identical_tables_in_both(tmp_path: Path, database_url: str) -> None:
    delivered = tmp_path / "delivered.ndjson"
    count = write_deliveries(delivered, deliveries(StreamSettings(seed=20260105, messages=1_000_000)))
    assert count > 1_000_000

    with connect(database_url, autocommit=True) as connection:
        report = minibatch(connection, read_deliveries(delivered))
        expected = minutes_of(connection)
    assert report.rejected > 500
    assert report.repeated > 5_000
    assert report.replaced > 100

    assert preprocess_file(delivered, tmp_path / "scored" / "a.ndjson") == report.rejected
    run_job(tmp_path, properties(tmp_path, parallelism=2))
    with second_database(database_url) as connection:
        read = read_outputs(connection, tmp_path)
        assert read.too_late == 0
        assert read.revisions > len(expected), "late rows are revisions of minutes that were closed already"
        _assert_identical(minutes_of(connection), expected)
        (late,) = connection.execute("SELECT sum(late_messages) FROM sentiment.market_minute").fetchone() or (0,)
        assert late > 5_000, "the number of late rows is visible"


def test_what_comes_after_a_minutes_state_is_given_up_ends_in_the_same_table(tmp_path: Path, database_url: str) -> None:
    settings = StreamSettings(seed=7, messages=60_000, symbols=50, minutes=180, late_share=0.05, conflict_share=0.0)
    delivered = tmp_path / "delivered.ndjson"
    write_deliveries(delivered, deliveries(settings))
    with connect(database_url, autocommit=True) as connection:
        minibatch(connection, read_deliveries(delivered))
        expected = minutes_of(connection)

    preprocess_file(delivered, tmp_path / "scored" / "a.ndjson")
    run_job(tmp_path, {**properties(tmp_path), "Sentiment": {"lateness.seconds": "600"}})
    with second_database(database_url) as connection:
        assert read_outputs(connection, tmp_path).too_late > 1_000
        _assert_identical(minutes_of(connection), expected)


def _assert_identical(streamed: list[Minute], expected: list[Minute]) -> None:
    missing, added = set(expected) - set(streamed), set(streamed) - set(expected)
    assert missing | added == set(), f"{len(missing)} differ or miss, such as {sorted(missing | added, key=str)[:4]}"
    assert len(streamed) == len(expected)
