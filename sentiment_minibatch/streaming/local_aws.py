"""An AWS on this machine (moto) with what `infra/streaming.yaml` creates: streams, queue, bucket."""

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
REVISION_STREAM = "sentiment-revisions"
REJECTED_QUEUE = "sentiment-rejected"
BUCKET = "sentiment"
_SHARDS = 2
_REGION = "us-east-1"


@dataclass(frozen=True)
class LocalAws:
    """Clients of the local AWS, and the addresses of what was created in it."""

    endpoint: str
    kinesis: Any
    s3: Any
    sqs: Any
    queue_url: str

    def stream_arn(self, name: str) -> str:
        """Return the ARN of a stream."""
        summary = self.kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
        return str(summary["StreamARN"])

    def table_options(self, stream: str) -> dict[str, str]:
        """Return what tells Flink's Kinesis connector where a stream is."""
        return {"stream.arn": self.stream_arn(stream), **connector_options(self.endpoint)}


def connector_options(endpoint: str) -> dict[str, str]:
    """Return what makes Flink's AWS connectors talk to a local AWS, which takes any credentials."""
    keys = {"accesskeyid": "flink", "secretkey": "local"}
    return {
        "aws.region": _REGION,
        "aws.endpoint": endpoint,
        "aws.http.protocol.version": "HTTP1_1",
        "aws.credentials.provider": "BASIC",
        **{f"aws.credentials.provider.basic.{name}": key for name, key in keys.items()},
        **{f"aws.credentials.basic.{name}": key for name, key in keys.items()},  # as SQL tables spell it
    }


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
        yield _create(f"http://{host}:{port}")
    finally:
        os.environ.clear()
        os.environ.update(before)
        server.stop()


def _create(endpoint: str) -> LocalAws:
    kinesis, s3, sqs = (boto3.client(name) for name in ("kinesis", "s3", "sqs"))
    for stream in (RAW_STREAM, SCORED_STREAM, REVISION_STREAM):
        kinesis.create_stream(StreamName=stream, ShardCount=_SHARDS)
        kinesis.get_waiter("stream_exists").wait(StreamName=stream)
    s3.create_bucket(Bucket=BUCKET)
    queue_url = sqs.create_queue(QueueName=REJECTED_QUEUE)["QueueUrl"]
    os.environ.update(OUTPUT_STREAM=SCORED_STREAM, REJECTED_QUEUE_URL=queue_url)
    return LocalAws(endpoint, kinesis, s3, sqs, queue_url)
