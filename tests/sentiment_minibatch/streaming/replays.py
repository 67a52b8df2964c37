"""Replays of one stream: through the mini-batch on PostgreSQL, and through preprocessing and the Flink job."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg

from common.storage import open_store
from sentiment_minibatch.aggregate import aggregate
from sentiment_minibatch.load import LoadReport, load
from sentiment_minibatch.schema import migrate
from sentiment_minibatch.score_output import write_to
from sentiment_minibatch.scores import Delivery
from sentiment_minibatch.streaming.flink_process import FlinkProcess
from sentiment_minibatch.streaming.minutes import StreamReport, read_stream
from sentiment_minibatch.streaming.preprocess import judge_record
from sentiment_minibatch.streaming.properties import Properties

Minute = tuple[object, ...]


def write_deliveries(path: Path, deliveries: Iterable[Delivery]) -> int:
    """Write the deliveries, in their order of arrival, as the bytes that the stream carries: a line of JSON each."""
    return write_to(str(path), deliveries)


def preprocess_file(delivered: Path, scored: Path) -> int:
    """Judge each line as the Lambda function does and write what it passes on; return how many it rejected."""
    rejected = 0
    now = datetime.now(UTC)
    scored.parent.mkdir(parents=True, exist_ok=True)
    with delivered.open("rb") as lines, scored.open("wb") as out:
        for position, line in enumerate(lines):
            judged = judge_record(str(position), line, now)
            if judged.scored is None:
                rejected += 1
            else:
                out.write(judged.scored.data)
    return rejected


def minibatch(connection: psycopg.Connection, deliveries: Iterable[Delivery]) -> LoadReport:
    """Load and aggregate all of it with the mini-batch job."""
    migrate(connection)
    report = load(connection, deliveries, "replay")
    assert aggregate(connection, grace=timedelta(0), at_most=10_000).remaining == 0
    return report


def properties(directory: Path, *, parallelism: int = 1, **flink: str) -> Properties:
    """Property groups of a job that reads scored/ in `directory` and writes minutes/ and too-late/."""
    checkpoints = (directory / "checkpoints").as_uri()
    return {
        "InputStream0": {"connector": "filesystem", "path": (directory / "scored").as_uri()},
        "OutputStream0": {"connector": "filesystem", "path": (directory / "minutes").as_uri()},
        "OutputStream1": {"connector": "filesystem", "path": (directory / "too-late").as_uri()},
        "Flink": {
            "parallelism.default": str(parallelism),
            "execution.checkpointing.dir": checkpoints,
            "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
            **{key.replace("__", "-").replace("_", "."): value for key, value in flink.items()},
        },
    }


def run_job(directory: Path, groups: Properties) -> None:
    """Run the job until it has read everything."""
    with FlinkProcess(directory, groups) as job:
        job.wait()


def read_outputs(connection: psycopg.Connection, directory: Path) -> StreamReport:
    """Bring the job's output into a database as from S3."""
    migrate(connection)
    report = StreamReport()
    for name in ("minutes", "too-late"):
        if (directory / name).is_dir():
            report.add(read_stream(connection, open_store(str(directory / name))))
    return report


def minutes_of(connection: psycopg.Connection) -> list[Minute]:
    """Return the table of minutes, all of its columns, in the order of its key."""
    return connection.execute(
        "SELECT symbol, period_ending, bullish_sum, bearish_sum, bullish_count, bearish_count, neutral_count"
        " FROM sentiment.minute ORDER BY symbol, period_ending"
    ).fetchall()
