"""The stream and the mini-batch make the same table of the same scores, to the digit."""

from __future__ import annotations

from pathlib import Path

import pytest

from common.postgres import connect
from sentiment_minibatch.deliveries import read_deliveries
from sentiment_minibatch.generator import StreamSettings, deliveries
from tests.sentiment_minibatch.streaming.databases import second_database
from tests.sentiment_minibatch.streaming.replays import (
    assert_identical,
    expected_minutes,
    minibatch,
    preprocess_file,
    properties,
    read_outputs,
    run_job,
    settings,
    streamed_minutes,
    write_deliveries,
)

pytestmark = [pytest.mark.flink, pytest.mark.slow, pytest.mark.timeout(1500)]


def test_a_million_events_make_identical_tables_at_either_parallelism(tmp_path: Path, database_url: str) -> None:
    delivered = tmp_path / "delivered.ndjson"
    count = write_deliveries(delivered, deliveries(StreamSettings(seed=20260105, messages=1_000_000)))
    assert count > 1_000_000

    with connect(database_url, autocommit=True) as connection:
        report = minibatch(connection, read_deliveries(delivered))
        expected = expected_minutes(connection)
    assert report.rejected > 500
    assert report.repeated > 5_000
    assert report.replaced > 100

    assert preprocess_file(delivered, tmp_path / "scored", shards=2) == report.rejected
    for parallelism in ("1", "2"):
        directory = tmp_path / parallelism
        groups = properties(directory)
        groups["InputStream0"]["path"] = (tmp_path / "scored").as_uri()
        run_job(directory, groups, settings(directory, parallelism_default=parallelism))
        with second_database(database_url) as connection:
            read = read_outputs(connection, directory)
            assert read.messages == 0
            assert read.revisions > len(expected), "late rows are revisions of minutes that were closed already"
            assert_identical(streamed_minutes(connection), expected)
            (late,) = connection.execute("SELECT sum(late_messages) FROM sentiment.market_minute").fetchone() or (0,)
            assert late > 5_000, "the number of late rows is visible"


@pytest.mark.parametrize("backend", ["hashmap", "rocksdb"])
def test_what_comes_after_a_minutes_state_is_given_up_ends_in_the_same_table(
    tmp_path: Path, database_url: str, backend: str
) -> None:
    stream = StreamSettings(seed=7, messages=60_000, symbols=50, minutes=180, late_share=0.05, conflict_share=0.001)
    delivered = tmp_path / "delivered.ndjson"
    write_deliveries(delivered, deliveries(stream))
    with connect(database_url, autocommit=True) as connection:
        minibatch(connection, read_deliveries(delivered))
        expected = expected_minutes(connection)

    preprocess_file(delivered, tmp_path / "scored", shards=2)
    flink = settings(tmp_path, parallelism_default="2", state_backend_type=backend)
    run_job(tmp_path, properties(tmp_path, **{"lateness.seconds": "1200"}), flink)
    with second_database(database_url) as connection:
        assert read_outputs(connection, tmp_path).messages > 100
        assert_identical(streamed_minutes(connection), expected)
