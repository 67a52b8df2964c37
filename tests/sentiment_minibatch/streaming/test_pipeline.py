"""The whole pipeline, over HTTP: Kinesis, the Lambda handler, the Flink job on AWS's connectors, S3, PostgreSQL.

AWS is moto: what is shown holds for its Kinesis, whose order and resharding are the real ones, but not its limits.
"""

from __future__ import annotations

import hashlib
import itertools
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from common.postgres import connect
from common.storage import open_store
from sentiment_minibatch.generator import StreamSettings, deliveries
from sentiment_minibatch.schema import migrate
from sentiment_minibatch.scores import Delivery
from sentiment_minibatch.streaming.archive import rebuild
from sentiment_minibatch.streaming.delivery import PREFIX
from sentiment_minibatch.streaming.flink_process import FlinkProcess
from sentiment_minibatch.streaming.local_aws import BUCKET, SCORED_STREAM
from sentiment_minibatch.streaming.pipeline import Pipeline, job_properties, job_settings, pipeline
from sentiment_minibatch.streaming.reader import RevisionReader
from tests.sentiment_minibatch.streaming.databases import second_database
from tests.sentiment_minibatch.streaming.replays import Minute, expected_minutes, minibatch, streamed_minutes

pytestmark = [pytest.mark.flink, pytest.mark.slow, pytest.mark.timeout(900)]

MINUTE = timedelta(minutes=1)
MARKERS = "ABCDEFGH"  # of symbols in all the shards


def test_a_live_stream_through_everything_that_happens_to_it_is_the_mini_batch(
    tmp_path: Path, database_url: str
) -> None:
    """Two shards, one that is split; a job that is killed and restored on two workers, and one that lost its state."""
    start = datetime.now(UTC).replace(second=0, microsecond=0) - 20 * MINUTE
    stream = StreamSettings(start=start, messages=2_400, minutes=12, symbols=20, late_seconds=300, broken_share=0.02)
    sent = list(deliveries(stream))
    quarters = [sent[at : at + len(sent) // 4 + 1] for at in range(0, len(sent), len(sent) // 4 + 1)]
    with connect(database_url, autocommit=True) as connection:
        rejected = minibatch(connection, sent).rejected
        expected = expected_minutes(connection)
    assert rejected > 10

    with pipeline(tmp_path / "flink") as stages, second_database(database_url) as connection:
        migrate(connection)
        reader = stages.reader(connection)
        _send(stages, reader, connection, quarters[0])
        assert _row(connection, "SELECT count(*) FROM sentiment.stream_minute WHERE NOT final") > 0
        _split_a_shard(stages)
        _send(stages, reader, connection, quarters[1])

        stages.job.kill()
        flink = job_settings(tmp_path / "flink", **{"parallelism.default": "2"})
        restored = {**flink, "execution.state-recovery.path": str(_newest_checkpoint(tmp_path / "flink"))}
        with FlinkProcess(tmp_path / "restored", job_properties(stages.aws), restored) as stages.job:
            _send(stages, reader, connection, quarters[2])
        # A job without its state reads the stream anew. It knows no minute of the last hours whole if the stream kept
        # only these, so it sends messages, of which those it has not counted yet are all that may be added.
        forgetful = job_properties(stages.aws, **{"retention.hours": "1"})
        with FlinkProcess(tmp_path / "forgetful", forgetful, flink) as stages.job:
            _send(stages, stages.reader(connection), connection, quarters[3])
        assert_complete(connection, expected)
        assert _row(connection, "SELECT count(*) FROM sentiment.stream_message") > 500

        # Another one, for which the stream kept everything, knows them whole: what it sends is what is there.
        with FlinkProcess(tmp_path / "anew", job_properties(stages.aws), flink) as stages.job:
            _send(stages, stages.reader(connection), connection, _a_later_minute(start))
        assert_complete(connection, expected)
        aside = stages.aws.sqs.get_queue_attributes(
            QueueUrl=stages.aws.queue_url, AttributeNames=["ApproximateNumberOfMessages"]
        )
        assert int(aside["Attributes"]["ApproximateNumberOfMessages"]) == rejected

        before = streamed_minutes(connection)
        connection.execute(
            "TRUNCATE sentiment.minute, sentiment.market_minute, sentiment.stream_minute, sentiment.stream_message"
        )
        hour, now = timedelta(hours=1), datetime.now(UTC)
        objects = list(rebuild(connection, open_store(f"s3://{BUCKET}/{PREFIX}"), now - hour, now + hour))
        assert len(objects) == len(stages.objects())
        assert streamed_minutes(connection) == before, "the archive holds everything that the stream had"


def test_a_quiet_shard_holds_no_minute_open_and_costs_no_message(tmp_path: Path, database_url: str) -> None:
    """Two workers, a shard each, one of which falls silent while the other gets messages of yesterday."""
    start = datetime.now(UTC).replace(second=0, microsecond=0) - 20 * MINUTE
    loud, quiet = (_symbols_of_shard(shard) for shard in (0, 1))
    beginning = _messages(loud + quiet, [start, start + MINUTE])
    alone = _messages(loud, [start + 2 * MINUTE, start + 3 * MINUTE, start + 9 * MINUTE])
    very_late = _messages(loud[:2], [start - timedelta(hours=hours) for hours in (25, 27, 40)])
    awake_again = _messages(quiet, [start + MINUTE, start + 10 * MINUTE, start - timedelta(hours=25)])
    with connect(database_url, autocommit=True) as connection:
        minibatch(connection, [*beginning, *alone, *very_late, *awake_again])
        expected = expected_minutes(connection)

    two_workers = {"parallelism.default": "2"}
    with pipeline(tmp_path / "flink", **two_workers) as stages, second_database(database_url) as connection:
        migrate(connection)
        reader = stages.reader(connection)

        def final_minutes() -> int:
            stages.advance()
            reader.poll()
            over = "SELECT count(*) FROM sentiment.stream_minute WHERE final AND period_ending < %s"
            return int(str(connection.execute(over, [start + 5 * MINUTE]).fetchall()[0][0]))

        stages.produce(beginning)
        stages.produce(alone)
        _wait_until(lambda: final_minutes() == 4 * len(loud) + 2 * len(quiet))
        stages.produce(very_late)
        _send(stages, reader, connection, awake_again)
        assert_complete(connection, expected)
        of_yesterday = len(very_late) + len(quiet)
        assert _row(connection, "SELECT count(*) FROM sentiment.stream_message") == of_yesterday


def test_a_message_dated_ahead_moves_nothing_but_its_own_minute(tmp_path: Path, database_url: str) -> None:
    now = datetime.now(UTC)
    ahead = now + timedelta(minutes=9)
    one, other = (Delivery(str(number), "TSLA", "0.5", time.isoformat()) for number, time in ((1, now), (2, ahead)))
    with pipeline(tmp_path) as stages, connect(database_url, autocommit=True) as connection:
        migrate(connection)
        _send(stages, stages.reader(connection), connection, [other, one])
        rows = connection.execute(
            "SELECT period_ending, final, late_count FROM sentiment.stream_minute WHERE symbol = 'TSLA'"
            " ORDER BY period_ending"
        ).fetchall()
        assert [(final, late) for _, final, late in rows] == [(False, 0), (False, 0)]
        assert _row(connection, "SELECT open_through FROM sentiment.progress") == rows[0][0]
        assert _row(connection, "SELECT aggregated_through FROM sentiment.progress") is None


def assert_complete(connection: psycopg.Connection, expected: list[Minute]) -> None:
    """Hold what the stream made of the mini-batch's minutes against them."""
    symbols = {minute[0] for minute in expected}
    assert [minute for minute in streamed_minutes(connection) if minute[0] in symbols] == expected


def _send(stages: Pipeline, reader: RevisionReader, connection: psycopg.Connection, deliveries: list[Delivery]) -> None:
    """Produce deliveries, and one of a symbol of its own in each shard to see when all of them have come through."""
    stages.produce(deliveries)
    number = str(time.time_ns() // 1_000)
    now = datetime.now(UTC).isoformat()
    before = _markers(connection)
    stages.produce([Delivery(number, f"END{letter}", "0", now) for letter in MARKERS])

    def arrived() -> bool:
        stages.advance()
        reader.poll()
        return _markers(connection) == before + len(MARKERS) and _quiet(stages, reader)

    _wait_until(arrived)


def _markers(connection: psycopg.Connection) -> int:
    messages = _row(connection, "SELECT coalesce(sum(neutral_count), 0) FROM sentiment.minute WHERE symbol LIKE 'END_'")
    return int(str(messages))


def _quiet(stages: Pipeline, reader: RevisionReader) -> bool:
    """Let three seconds pass without anything new: the debounce, the sink and the reader have delivered all."""
    ends = time.monotonic() + 3
    while time.monotonic() < ends:
        stages.advance()
        merged = reader.poll()
        if merged.revisions or merged.messages:
            ends = time.monotonic() + 3
        time.sleep(0.1)
    return True


def _symbols_of_shard(shard: int) -> list[str]:
    """Return symbols that Kinesis gives to one of two shards: the MD5 of the key says which half."""
    symbols = [f"S{number}" for number in range(40)]
    return [symbol for symbol in symbols if hashlib.md5(symbol.encode()).digest()[0] >> 7 == shard][:5]


def _messages(symbols: list[str], times: list[datetime]) -> list[Delivery]:
    """Return a message of each symbol in the minute after each of the times."""
    number = itertools.count(time.time_ns() // 1_000)
    seconds = timedelta(seconds=7)
    return [
        Delivery(str(next(number)), symbol, "0.5", (at + seconds).isoformat()) for at in times for symbol in symbols
    ]


def _a_later_minute(start: datetime) -> list[Delivery]:
    return [Delivery("900000000000001", "ZZZ", "0.25", (start + 15 * MINUTE).isoformat())]


def _split_a_shard(stages: Pipeline) -> None:
    kinesis = stages.aws.kinesis
    shard = kinesis.list_shards(StreamName=SCORED_STREAM)["Shards"][0]
    hashes = shard["HashKeyRange"]
    middle = (int(hashes["StartingHashKey"]) + int(hashes["EndingHashKey"])) // 2
    kinesis.split_shard(StreamName=SCORED_STREAM, ShardToSplit=shard["ShardId"], NewStartingHashKey=str(middle))


def _newest_checkpoint(directory: Path) -> Path:
    complete = [file.parent for file in (directory / "checkpoints").glob("*/chk-*/_metadata")]
    return max(complete, key=lambda path: int(path.name.removeprefix("chk-")))


def _row(connection: psycopg.Connection, query: str) -> object:
    ((value,),) = connection.execute(query).fetchall()  # type: ignore[call-overload]
    return value


def _wait_until(condition: Callable[[], bool]) -> None:
    while not condition():  # the test's own timeout ends a wait that is in vain
        time.sleep(0.1)
