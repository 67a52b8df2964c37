"""Back into the raw stream: batches that Lambda put aside on S3, and deliveries that were rejected.

What is brought back twice counts once, so a run that broke off is simply run again.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

from common.errors import DataError, UnavailableError
from common.storage import Store
from sentiment_minibatch.delivered_json import delivery_of_json
from sentiment_minibatch.streaming.destinations import KinesisStream
from sentiment_minibatch.streaming.producer import key_of
from sentiment_minibatch.streaming.records import Record


def redrive_batches(store: Store, stream: KinesisStream) -> int:
    """Put the records of every batch in `store` into the stream, delete the batch, and return how many records.

    Raises `DataError` for an object that is no batch, `UnavailableError` if the stream refuses some; it stays.
    """
    count = 0
    for key in list(store.list()):
        records = _records_of_batch(key, store.get(key))
        _put(stream, records)
        store.delete(key)
        count += len(records)
    return count


def redrive_rejected(sqs: Any, queue_url: str, stream: KinesisStream) -> int:
    """Put the deliveries in the queue of rejected ones into the stream, and return how many.

    Those of which the queue has only the beginning stay there. What is rejected again comes back to the queue.
    """
    count = 0
    for messages in _received(sqs, queue_url):
        whole = [message for message in messages if "bytes" not in json.loads(message["Body"])]
        _put(stream, [_record(base64.b64decode(json.loads(message["Body"])["data"])) for message in whole])
        for message in whole:
            sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
        count += len(whole)
    return count


def _records_of_batch(key: str, body: bytes) -> list[Record]:
    """Read what an S3 destination gets: the invocation's record with the whole event as `payload`.

    https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
    """
    try:
        payload = json.loads(body)["payload"]
        event = json.loads(payload) if isinstance(payload, str) else payload
        records = [found["kinesis"] for found in event["Records"]]
        return [Record(found["partitionKey"], base64.b64decode(found["data"])) for found in records]
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{key} is no batch that Lambda put aside: {type(error).__name__}: {error}") from None


def _record(data: bytes) -> Record:
    return Record(key_of(delivery_of_json(data)), data)


def _received(sqs: Any, queue_url: str) -> Iterator[list[Any]]:
    """Yield messages until the queue gives none: those that were received are not given again for half a minute."""
    while messages := sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10).get("Messages"):
        yield messages


def _put(stream: KinesisStream, records: list[Record]) -> None:
    if lost := stream.put(records):
        raise UnavailableError(f"the stream refused {len(lost):,} records in every attempt; run this again later")
