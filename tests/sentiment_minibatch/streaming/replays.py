"""Replays of one stream: through the mini-batch on PostgreSQL, and through preprocessing and the Flink job."""

from __future__ import annotations

import random
import zlib
from collections.abc import Iterable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg

from sentiment_minibatch.aggregate import aggregate
from sentiment_minibatch.deliveries import FIELDS
from sentiment_minibatch.files.output import write_to
from sentiment_minibatch.load import LoadReport, load
from sentiment_minibatch.schema import migrate
from sentiment_minibatch.scores import Delivery
from sentiment_minibatch.streaming.flink_process import FlinkProcess
from sentiment_minibatch.streaming.preprocess import judge_record
from sentiment_minibatch.streaming.properties import Properties
from sentiment_minibatch.streaming.revisions import Change, Merged, merge, read_change

Minute = tuple[object, ...]

# The sum of squares is recomputed from the raw scores; the rest is what the mini-batch aggregated.
EXPECTED = """
SELECT symbol, period_ending, bullish_sum, bearish_sum, squares::bigint, bullish_count, bearish_count, neutral_count
FROM sentiment.minute
JOIN (SELECT symbol, sentiment.period_ending_of(created_at) AS period_ending,
             sum((score_micros::bigint * score_micros + 500000) / 1000000) AS squares
      FROM sentiment.raw_score GROUP BY 1, 2) AS raw USING (symbol, period_ending)
ORDER BY symbol, period_ending
"""
STREAMED = """
SELECT symbol, period_ending, bullish_sum, bearish_sum, squares_sum, bullish_count, bearish_count, neutral_count
FROM sentiment.minute ORDER BY symbol, period_ending
"""


def write_deliveries(path: Path, deliveries: Iterable[Delivery]) -> int:
    """Write the deliveries, in their order of arrival, as the bytes that the stream carries: a line of JSON each."""
    return write_to(str(path), deliveries, FIELDS)


def preprocess_file(delivered: Path, scored: Path, shards: int = 1) -> int:
    """Judge each line as the Lambda function does; return how many it rejected.

    What it passes on goes to as many files as there are shards, a symbol in one of them, each line with its position.
    """
    rejected = 0
    now = datetime.now(UTC)
    scored.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack, delivered.open("rb") as lines:
        files = [stack.enter_context((scored / f"{shard}.ndjson").open("wb")) for shard in range(shards)]
        for position, line in enumerate(lines, start=1):
            judged = judge_record(str(position), line, now)
            if judged.scored is None:
                rejected += 1
            else:
                data = judged.scored.data.replace(b"}\n", b',"sequence_number":"%d"}\n' % position)
                files[zlib.crc32(judged.scored.key.encode()) % shards].write(data)
    return rejected


def minibatch(connection: psycopg.Connection, deliveries: Iterable[Delivery]) -> LoadReport:
    """Load and aggregate all of it with the mini-batch job."""
    migrate(connection)
    report = load(connection, deliveries, "replay")
    assert aggregate(connection, grace=timedelta(0), at_most=10_000).remaining == 0
    return report


def properties(directory: Path, **sentiment: str) -> Properties:
    """Property groups of a job that reads scored/ in `directory` and writes minutes/."""
    return {
        "InputStream0": {"path": (directory / "scored").as_uri()},
        "OutputStream0": {"connector": "filesystem", "path": (directory / "minutes").as_uri()},
        "Sentiment": sentiment,
    }


def settings(directory: Path, **flink: str) -> dict[str, str]:
    """Flink's own settings: where checkpoints go, and some more, with _ for a dot and __ for a dash."""
    return {
        "execution.checkpointing.dir": (directory / "checkpoints").as_uri(),
        "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
        **{key.replace("__", "-").replace("_", "."): value for key, value in flink.items()},
    }


def run_job(directory: Path, groups: Properties, flink: dict[str, str]) -> None:
    """Run the job until it has read everything."""
    with FlinkProcess(directory, groups, flink) as job:
        job.wait()


def changes_in(directory: Path) -> list[Change]:
    """Return what the job wrote, in some other order, with some of it twice: that must make no difference."""
    files = (directory / "minutes").glob("part-*")
    changes = [read_change(line) for file in files for line in file.read_bytes().splitlines()]
    shuffled = changes + changes[::10]
    random.Random(1).shuffle(shuffled)
    return shuffled


def read_outputs(connection: psycopg.Connection, directory: Path) -> Merged:
    """Bring the job's output into a database, some thousand rows at a time."""
    migrate(connection)
    changes, total, step = changes_in(directory), Merged(), 20_000
    for start in range(0, len(changes), step):
        with connection.transaction():
            total.add(merge(connection, changes[start : start + step]))
    return total


def expected_minutes(connection: psycopg.Connection) -> list[Minute]:
    """Return the minutes that the mini-batch made, all of their columns, in the order of their key."""
    return connection.execute(EXPECTED).fetchall()


def streamed_minutes(connection: psycopg.Connection) -> list[Minute]:
    """Return the minutes that the stream made, likewise."""
    return connection.execute(STREAMED).fetchall()


def assert_identical(streamed: list[Minute], expected: list[Minute]) -> None:
    """Fail with some of the minutes that differ, if any do."""
    missing, added = set(expected) - set(streamed), set(streamed) - set(expected)
    assert missing | added == set(), f"{len(missing | added)} differ, such as {sorted(missing | added, key=str)[:4]}"
    assert len(streamed) == len(expected)
