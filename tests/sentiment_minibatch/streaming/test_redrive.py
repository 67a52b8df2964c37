"""What was put aside comes back into the raw stream, whole, and is not there a second time."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest

from common.errors import DataError
from common.storage import open_store
from sentiment_minibatch.streaming.destinations import KinesisStream
from sentiment_minibatch.streaming.event_source import kinesis_event
from sentiment_minibatch.streaming.redrive import redrive_batches, redrive_rejected
from sentiment_minibatch.streaming.shards import ShardReader

GOOD = [json.dumps({"message_id": str(n), "symbol": s}).encode() for n, s in enumerate(("TSLA", "aapl", "TSLA"))]


def put_aside(bucket: str, name: str, data: list[bytes], *, as_text: bool) -> None:
    """As Lambda's S3 destination gets it: lambda/latest/dg/kinesis-on-failure-destination.html."""
    records = [
        {"PartitionKey": f"key-{n}", "SequenceNumber": str(n), "Data": datum, "ApproximateArrivalTimestamp": NOW}
        for n, datum in enumerate(data)
    ]
    event = kinesis_event("arn:aws:kinesis:us-east-1:123456789012:stream/raw", "shardId-000000000000", records)
    batch = {
        "requestContext": {"condition": "RecordAgeExceeded", "approximateInvokeCount": 900},
        "version": "1.0",
        "KinesisBatchInfo": {"shardId": "shardId-000000000000", "batchSize": len(data)},
        "payload": json.dumps(event) if as_text else event,
    }
    key = f"aws/lambda/5be0/shardId-000000000000/2026/01/05/2026-01-05T15.00.00-{name}"
    boto3.client("s3").put_object(Bucket=bucket, Key=key, Body=json.dumps(batch))


NOW = datetime(2026, 1, 5, 15, 0, tzinfo=UTC)


def read(kinesis: Any, stream: str) -> list[bytes]:
    return sorted(record["Data"] for batch in ShardReader(kinesis, stream).poll() for record in batch.records)


def test_batches_come_back_with_their_keys_and_are_gone_from_s3(kinesis: Any, stream: str, bucket: str) -> None:
    put_aside(bucket, "a", GOOD[:2], as_text=True)
    put_aside(bucket, "b", GOOD[2:], as_text=False)
    store = open_store(f"s3://{bucket}/aws/lambda")
    assert redrive_batches(store, KinesisStream(kinesis, stream)) == 3
    assert read(kinesis, stream) == sorted(GOOD)
    assert redrive_batches(store, KinesisStream(kinesis, stream)) == 0


def test_what_is_no_batch_is_named_and_stays(kinesis: Any, stream: str, bucket: str) -> None:
    boto3.client("s3").put_object(Bucket=bucket, Key="aws/lambda/x", Body=b"{}")
    store = open_store(f"s3://{bucket}/aws/lambda")
    with pytest.raises(DataError, match="x is no batch that Lambda put aside: KeyError"):
        redrive_batches(store, KinesisStream(kinesis, stream))
    assert list(store.list()) == ["x"]


def test_rejected_deliveries_come_back_but_for_those_that_were_cut(
    kinesis: Any, stream: str, sqs: Any, queue: str
) -> None:
    for datum in GOOD:
        body = {"reason": "a defect", "sequenceNumber": "1", "data": base64.b64encode(datum).decode()}
        sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(body))
    sqs.send_message(QueueUrl=queue, MessageBody=json.dumps({"reason": "", "data": "eA==", "bytes": 900_000}))
    assert redrive_rejected(sqs, queue, KinesisStream(kinesis, stream)) == 3
    assert read(kinesis, stream) == sorted(GOOD)
    waiting = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["ApproximateNumberOfMessagesNotVisible"])
    assert waiting["Attributes"]["ApproximateNumberOfMessagesNotVisible"] == "1"
