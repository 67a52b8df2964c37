"""The Flink job killed in mid-replay and restored from its checkpoint, also on another number of workers."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from common.postgres import connect
from sentiment_minibatch.deliveries import read_deliveries
from sentiment_minibatch.generator import StreamSettings, deliveries
from sentiment_minibatch.streaming.flink_process import FlinkProcess
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

pytestmark = [pytest.mark.flink, pytest.mark.slow, pytest.mark.timeout(1200)]


def test_a_job_killed_in_mid_replay_and_restored_makes_the_same_table(tmp_path: Path, database_url: str) -> None:
    """On RocksDB, from two files of two shards; restored on two workers after it ran on one."""
    delivered, scored = tmp_path / "delivered.ndjson", tmp_path / "scored"
    write_deliveries(delivered, deliveries(StreamSettings(seed=3, messages=300_000, symbols=200)))
    with connect(database_url, autocommit=True) as connection:
        minibatch(connection, read_deliveries(delivered))
        expected = expected_minutes(connection)
    preprocess_file(delivered, scored, shards=2)

    flink = settings(tmp_path, state_backend_type="rocksdb", execution_checkpointing_interval="300 ms")
    for parallelism in ("1", "2"):
        before = _newest_checkpoint(tmp_path)
        with FlinkProcess(tmp_path, properties(tmp_path), {**flink, "parallelism.default": parallelism}) as job:
            _wait_until(lambda before=before: job.check() or _newest_checkpoint(tmp_path) != before)  # type: ignore[misc]
            job.kill()
        flink["execution.state-recovery.path"] = str(_newest_checkpoint(tmp_path))

    # What was read before the checkpoint is not read again: if it were, these changed lines would show in the table.
    for shard in scored.iterdir():
        _change_the_symbol_of_the_first_line(shard)
    run_job(tmp_path, properties(tmp_path), {**flink, "parallelism.default": "1"})
    with second_database(database_url) as connection:
        read_outputs(connection, tmp_path)
        assert_identical(streamed_minutes(connection), expected)


def _wait_until(condition: Callable[[], bool | None]) -> None:
    while not condition():  # the test's own timeout ends a wait that is in vain
        time.sleep(0.05)


def _newest_checkpoint(directory: Path) -> Path | None:
    complete = [file.parent for file in (directory / "checkpoints").glob("*/chk-*/_metadata")]
    return max(complete, key=lambda path: (path / "_metadata").stat().st_mtime_ns, default=None)


def _change_the_symbol_of_the_first_line(scored: Path) -> None:
    with scored.open("r+b") as file:
        line = file.readline()
        before, key, after = line.partition(b'"symbol":"')
        symbol, quote, rest = after.partition(b'"')
        file.seek(0)
        file.write(before + key + b"X" * len(symbol) + quote + rest)
