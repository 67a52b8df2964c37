"""Streams, queues and buckets of an AWS that speaks HTTP (moto)."""

from __future__ import annotations

import uuid
from typing import Any

import boto3
import pytest


@pytest.fixture
def kinesis(aws: str) -> Any:
    """A client of Kinesis."""
    return boto3.client("kinesis", endpoint_url=aws)


@pytest.fixture
def stream(kinesis: Any) -> str:
    """The name of a new stream of two shards."""
    name = f"stream-{uuid.uuid4().hex}"
    kinesis.create_stream(StreamName=name, ShardCount=2)
    kinesis.get_waiter("stream_exists").wait(StreamName=name)
    return name


@pytest.fixture
def sqs(aws: str) -> Any:
    """A client of SQS."""
    return boto3.client("sqs", endpoint_url=aws)


@pytest.fixture
def queue(sqs: Any) -> str:
    """The address of a new queue."""
    url: str = sqs.create_queue(QueueName=f"queue-{uuid.uuid4().hex}")["QueueUrl"]
    return url
