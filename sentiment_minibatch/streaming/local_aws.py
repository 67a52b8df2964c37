"""An AWS on this machine (moto) with what `infra/streaming.yaml` creates: streams, queue, bucket, Firehose."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.request import Request, urlopen

import boto3

from common.errors import ConfigurationError

RAW_STREAM = "raw-sentiment"
SCORED_STREAM = "scored-sentiment"
MINUTES_STREAM = "sentiment-minutes"
TOO_LATE_STREAM = "sentiment-too-late"
REJECTED_QUEUE = "sentiment-rejected"
BUCKET = "sentiment"
_SHARDS = 2
_REGION = "us-east-1"


@dataclass(frozen=True)
class LocalAws:
    """Clients of the local AWS, and the addresses of what was created in it."""

    kinesis: Any
    firehose: Any
    s3: Any
    sqs: Any
    queue_url: str
    raw_stream_arn: str


@contextmanager
def local_aws() -> Iterator[LocalAws]:
    """Serve AWS over HTTP on a free port, with everything created; this process's clients talk to it meanwhile.

    The environment variables that make them do so are put back at the end. Raises `ConfigurationError` where moto is
    not installed.
    """
    try:
        from moto.server import ThreadedMotoServer  # noqa: PLC0415 (only the demo and the benchmark need it)
    except ImportError:
        raise ConfigurationError("moto is not installed; run `make install`") from None
    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)  # moto fails a read during a write; clients retry
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    before = dict(os.environ)
    os.environ.update(
        AWS_ENDPOINT_URL=f"http://{host}:{port}",
        AWS_ACCESS_KEY_ID="local",
        AWS_SECRET_ACCESS_KEY="local",  # noqa: S106 (moto takes any)
        AWS_DEFAULT_REGION=_REGION,
    )
    os.environ.pop("AWS_PROFILE", None)
    try:
        # What moto holds belongs to the process, not to the server: an earlier server's streams would still be there.
        urlopen(Request(f"http://{host}:{port}/moto-api/reset", method="POST")).close()
        yield _create()
    finally:
        os.environ.clear()
        os.environ.update(before)
        server.stop()


def _create() -> LocalAws:
    kinesis, firehose, s3, sqs = (boto3.client(name) for name in ("kinesis", "firehose", "s3", "sqs"))
    for stream in (RAW_STREAM, SCORED_STREAM):
        kinesis.create_stream(StreamName=stream, ShardCount=_SHARDS)
        kinesis.get_waiter("stream_exists").wait(StreamName=stream)
    s3.create_bucket(Bucket=BUCKET)
    for stream, prefix in ((MINUTES_STREAM, "minutes/"), (TOO_LATE_STREAM, "too-late/")):
        firehose.create_delivery_stream(
            DeliveryStreamName=stream,
            ExtendedS3DestinationConfiguration={
                "RoleARN": "arn:aws:iam::123456789012:role/local",
                "BucketARN": f"arn:aws:s3:::{BUCKET}",
                "Prefix": prefix,
            },
        )
    queue_url = sqs.create_queue(QueueName=REJECTED_QUEUE)["QueueUrl"]
    arn = kinesis.describe_stream_summary(StreamName=RAW_STREAM)["StreamDescriptionSummary"]["StreamARN"]
    os.environ.update(OUTPUT_STREAM=SCORED_STREAM, REJECTED_QUEUE_URL=queue_url)
    return LocalAws(kinesis, firehose, s3, sqs, queue_url, arn)
