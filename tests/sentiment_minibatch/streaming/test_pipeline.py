"""The whole pipeline, over HTTP: Kinesis, the Lambda handler, the Flink job, Firehose, S3, PostgreSQL."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from common.postgres import connect
from sentiment_minibatch.generator import StreamSettings, deliveries
from sentiment_minibatch.schema import migrate
from sentiment_minibatch.streaming.pipeline import pipeline
from tests.sentiment_minibatch.streaming.databases import second_database
from tests.sentiment_minibatch.streaming.replays import Minute, minibatch, minutes_of

pytestmark = [pytest.mark.flink, pytest.mark.slow, pytest.mark.timeout(600)]

STREAM = StreamSettings(messages=2_000, minutes=6, symbols=20, broken_share=0.02)
LAST_TO_CLOSE = STREAM.start + timedelta(minutes=5)  # the watermark is 30 seconds behind the sixth minute's end


def test_what_the_producer_sends_becomes_the_minutes_of_the_mini_batch(tmp_path: Path, database_url: str) -> None:
    sent = list(deliveries(STREAM))
    with connect(database_url, autocommit=True) as connection:
        rejected = minibatch(connection, sent).rejected
        expected = _closed(connection)
    assert rejected > 10

    with pipeline(tmp_path / "flink") as stages, second_database(database_url) as connection:
        migrate(connection)
        assert stages.produce(sent) == len(sent)
        while _closed(connection) != expected:  # the test's own timeout ends a wait that is in vain
            stages.advance()
            stages.read_into(connection)
            time.sleep(0.1)
        queue = {"QueueUrl": stages.aws.queue_url, "AttributeNames": ["ApproximateNumberOfMessages"]}
        aside = stages.aws.sqs.get_queue_attributes(**queue)["Attributes"]["ApproximateNumberOfMessages"]
        assert int(aside) == rejected
        assert all(key.startswith("minutes/") and size for key, size in stages.objects())


def _closed(connection: psycopg.Connection) -> list[Minute]:
    return [minute for minute in minutes_of(connection) if minute[1] <= LAST_TO_CLOSE]  # type: ignore[operator]
