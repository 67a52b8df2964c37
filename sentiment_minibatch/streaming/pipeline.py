"""The whole pipeline on this machine: local AWS, the Lambda handler behind a poller, the Flink job, and PostgreSQL."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from common.storage import open_store
from sentiment_minibatch.scores import Delivery
from sentiment_minibatch.streaming import local_aws
from sentiment_minibatch.streaming.bridge import DirectoryToFirehose, StreamToDirectory
from sentiment_minibatch.streaming.destinations import FirehoseStream, KinesisStream
from sentiment_minibatch.streaming.event_source import EventSource
from sentiment_minibatch.streaming.flink_process import FlinkProcess, check_java
from sentiment_minibatch.streaming.local_aws import LocalAws
from sentiment_minibatch.streaming.minutes import StreamReport, read_stream
from sentiment_minibatch.streaming.preprocess import handler
from sentiment_minibatch.streaming.producer import produce
from sentiment_minibatch.streaming.properties import Properties
from sentiment_minibatch.streaming.shards import KinesisRecord, ShardReader


class Pipeline:
    """What moves records from stage to stage; `advance` does that once for every stage."""

    def __init__(self, aws: LocalAws, job: FlinkProcess, directory: Path) -> None:
        self.aws = aws
        self._job = job
        self._raw = KinesisStream(aws.kinesis, local_aws.RAW_STREAM)
        self._function = EventSource(
            ShardReader(aws.kinesis, local_aws.RAW_STREAM), handler, self._put_aside, stream_arn=aws.raw_stream_arn
        )
        self._to_flink = StreamToDirectory(
            ShardReader(aws.kinesis, local_aws.SCORED_STREAM, records_per_read=10_000), directory / "scored"
        )
        self._from_flink = [
            DirectoryToFirehose(directory / name, FirehoseStream(aws.firehose, stream))
            for name, stream in (("minutes", local_aws.MINUTES_STREAM), ("too-late", local_aws.TOO_LATE_STREAM))
        ]
        self._stores = [open_store(f"s3://{local_aws.BUCKET}/{prefix}") for prefix in ("minutes", "too-late")]

    def produce(self, deliveries: list[Delivery]) -> int:
        """Put deliveries into the raw stream."""
        return produce(self._raw, deliveries)

    def advance(self) -> None:
        """Let every stage take what the one before it has. Raises `ApplicationError` if the Flink job has ended."""
        self._job.check()
        self._function.poll()
        self._to_flink.poll()
        for delivery in self._from_flink:
            delivery.poll()

    def read_into(self, connection: psycopg.Connection) -> StreamReport:
        """Bring the database up to date with the objects on S3."""
        total = StreamReport()
        for store in self._stores:
            total.add(read_stream(connection, store))
        return total

    def objects(self) -> list[tuple[str, int]]:
        """Return the key and the size of every object on S3."""
        pages = self.aws.s3.get_paginator("list_objects_v2").paginate(Bucket=local_aws.BUCKET)
        return [(item["Key"], item["Size"]) for page in pages for item in page.get("Contents", ())]

    def _put_aside(self, record: KinesisRecord) -> None:
        body = {"sequenceNumber": record["SequenceNumber"], "data": base64.b64encode(record["Data"]).decode()}
        self.aws.sqs.send_message(QueueUrl=self.aws.queue_url, MessageBody=json.dumps(body))


@contextmanager
def pipeline(directory: Path) -> Iterator[Pipeline]:
    """Start everything, with its files in a directory that is new; all of it ends with the context.

    Raises `ConfigurationError` if Java, PyFlink or moto is missing.
    """
    check_java()
    with local_aws.local_aws() as aws, FlinkProcess(directory, _properties(directory)) as job:
        yield Pipeline(aws, job, directory)


def _properties(directory: Path) -> Properties:
    at_once = {"sink.rolling-policy.rollover-interval": "1 s", "sink.rolling-policy.check-interval": "500 ms"}
    scored = directory / "scored"
    scored.mkdir(parents=True)
    return {
        "InputStream0": {"connector": "filesystem", "path": scored.as_uri(), "source.monitor-interval": "500 ms"},
        "OutputStream0": {"connector": "filesystem", "path": (directory / "minutes").as_uri(), **at_once},
        "OutputStream1": {"connector": "filesystem", "path": (directory / "too-late").as_uri(), **at_once},
        "Flink": {
            "parallelism.default": "1",
            "execution.checkpointing.interval": "1 s",
            "execution.checkpointing.dir": (directory / "checkpoints").as_uri(),
        },
    }
