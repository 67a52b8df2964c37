"""The whole pipeline on this machine: local AWS, the Lambda handler behind a poller, and the Flink job."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg

from sentiment_minibatch.scores import Delivery as Scores
from sentiment_minibatch.streaming import local_aws
from sentiment_minibatch.streaming.delivery import Delivery
from sentiment_minibatch.streaming.destinations import KinesisStream
from sentiment_minibatch.streaming.event_source import EventSource
from sentiment_minibatch.streaming.flink_process import FlinkProcess, check_java
from sentiment_minibatch.streaming.local_aws import LocalAws
from sentiment_minibatch.streaming.preprocess import handler
from sentiment_minibatch.streaming.producer import produce
from sentiment_minibatch.streaming.properties import Properties
from sentiment_minibatch.streaming.reader import RECORDS_PER_READ, RevisionReader
from sentiment_minibatch.streaming.shards import KinesisRecord, ShardReader


class Pipeline:
    """What moves records from stage to stage; `advance` does that once for every stage."""

    def __init__(self, aws: LocalAws, job: FlinkProcess) -> None:
        self.aws = aws
        self.job = job
        self._raw = KinesisStream(aws.kinesis, local_aws.RAW_STREAM)
        self._function = EventSource(
            ShardReader(aws.kinesis, local_aws.RAW_STREAM),
            handler,
            self._put_aside,
            stream_arn=aws.stream_arn(local_aws.RAW_STREAM),
        )
        revisions = ShardReader(aws.kinesis, local_aws.REVISION_STREAM, RECORDS_PER_READ)
        self._delivery = Delivery(revisions, aws.s3, local_aws.BUCKET)

    def produce(self, deliveries: list[Scores]) -> int:
        """Put deliveries into the raw stream."""
        return produce(self._raw, deliveries)

    def advance(self) -> None:
        """Let every stage take what the one before it has. Raises `ApplicationError` if the Flink job has ended."""
        self.job.check()
        self._function.poll()
        self._delivery.poll()

    def reader(self, connection: psycopg.Connection) -> RevisionReader:
        """Return what brings a database up to date with the revisions."""
        return RevisionReader(self.aws.kinesis, local_aws.REVISION_STREAM, connection)

    def objects(self) -> list[tuple[str, int]]:
        """Return the key and the size of every object on S3."""
        pages = self.aws.s3.get_paginator("list_objects_v2").paginate(Bucket=local_aws.BUCKET)
        return [(item["Key"], item["Size"]) for page in pages for item in page.get("Contents", ())]

    def _put_aside(self, record: KinesisRecord) -> None:
        body = {"sequenceNumber": record["SequenceNumber"], "data": base64.b64encode(record["Data"]).decode()}
        self.aws.sqs.send_message(QueueUrl=self.aws.queue_url, MessageBody=json.dumps(body))


@contextmanager
def pipeline(directory: Path, **flink: str) -> Iterator[Pipeline]:
    """Start everything, with its files in a new directory and settings of Flink; all of it ends with the context.

    Raises `ConfigurationError` if Java, PyFlink, the job's jar or moto is missing.
    """
    check_java()
    with (
        local_aws.local_aws() as aws,
        FlinkProcess(directory, job_properties(aws), job_settings(directory, **flink)) as job,
    ):
        yield Pipeline(aws, job)


def job_properties(aws: LocalAws, **sentiment: str) -> Properties:
    """Return the property groups of a job between the local streams."""
    return {
        "InputStream0": aws.table_options(local_aws.SCORED_STREAM),
        "OutputStream0": aws.table_options(local_aws.REVISION_STREAM),
        "Sentiment": {"retention.hours": "24", **sentiment},
    }


def job_settings(directory: Path, **settings: str) -> Mapping[str, str]:
    """Return what the service sets itself: where and how often checkpoints are written."""
    return {
        "execution.checkpointing.interval": "1 s",
        "execution.checkpointing.dir": (directory / "checkpoints").as_uri(),
        "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
        **settings,
    }
