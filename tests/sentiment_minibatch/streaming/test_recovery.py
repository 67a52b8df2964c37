"""The Flink job killed in mid-replay and restored from its checkpoint; and a reader that has nothing to read."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from common.postgres import connect
from sentiment_minibatch.generator import StreamSettings, deliveries
from sentiment_minibatch.score_files import read_deliveries
from sentiment_minibatch.streaming.flink_process import FlinkProcess
from tests.sentiment_minibatch.streaming.databases import second_database
from tests.sentiment_minibatch.streaming.replays import (
    minibatch,
    minutes_of,
    preprocess_file,
    properties,
    read_outputs,
    run_job,
    write_deliveries,
)

pytestmark = [pytest.mark.flink, pytest.mark.slow, pytest.mark.timeout(1200)]


def test_a_job_killed_in_mid_replay_and_restored_makes_the_same_table(tmp_path: Path, database_url: str) -> None:
    delivered, scored = tmp_path / "delivered.ndjson", tmp_path / "scored" / "a.ndjson"
    write_deliveries(delivered, deliveries(StreamSettings(seed=3, messages=300_000, symbols=200)))
    with connect(database_url, autocommit=True) as connection:
        minibatch(connection, read_deliveries(delivered))
        expected = minutes_of(connection)
    preprocess_file(delivered, scored)

    groups = properties(tmp_path)
    groups["Flink"]["execution.checkpointing.interval"] = "300 ms"
    with FlinkProcess(tmp_path, groups) as job:
        _wait_until(lambda: job.check() or _newest_checkpoint(tmp_path) is not None)
        job.kill()
    assert not list((tmp_path / "minutes").glob("part-*")) or len(_minutes_written(tmp_path)) < len(expected)

    # What was read before the checkpoint is not read again: if it were, this changed line would show in the table.
    _change_the_symbol_of_the_first_line(scored)
    groups["Flink"]["execution.state-recovery.path"] = str(_newest_checkpoint(tmp_path))
    run_job(tmp_path, groups)
    with second_database(database_url) as connection:
        read_outputs(connection, tmp_path)
        assert minutes_of(connection) == expected


def test_a_reader_without_anything_to_read_does_not_hold_windows_open(tmp_path: Path) -> None:
    delivered = tmp_path / "delivered.ndjson"
    write_deliveries(delivered, deliveries(StreamSettings(messages=2_000, minutes=5, symbols=10)))
    preprocess_file(delivered, tmp_path / "scored" / "only.ndjson")
    groups = properties(tmp_path, parallelism=2)
    groups["InputStream0"]["source.monitor-interval"] = "1 s"
    groups["OutputStream0"] |= {
        "sink.rolling-policy.rollover-interval": "1 s",
        "sink.rolling-policy.check-interval": "1 s",
    }
    groups["Flink"]["execution.checkpointing.interval"] = "1 s"
    with FlinkProcess(tmp_path, groups) as job:
        _wait_until(lambda: job.check() or bool(_minutes_written(tmp_path)))


def _wait_until(condition: Callable[[], bool | None]) -> None:
    while not condition():  # the test's own timeout ends a wait that is in vain
        time.sleep(0.05)


def _newest_checkpoint(directory: Path) -> Path | None:
    complete = [file.parent for file in (directory / "checkpoints").glob("*/chk-*/_metadata")]
    return max(complete, key=lambda path: int(path.name.removeprefix("chk-")), default=None)


def _minutes_written(directory: Path) -> set[str]:
    lines = (line for file in (directory / "minutes").glob("part-*") for line in file.read_text().splitlines())
    return {line.partition(',"revision"')[0] for line in lines}


def _change_the_symbol_of_the_first_line(scored: Path) -> None:
    with scored.open("r+b") as file:
        line = file.readline()
        before, key, after = line.partition(b'"symbol":"')
        symbol, quote, rest = after.partition(b'"')
        file.seek(0)
        file.write(before + key + b"X" * len(symbol) + quote + rest)
