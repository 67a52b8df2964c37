"""The Lambda function between the raw and the scored stream: it scores messages, judges deliveries as the batch does.

One handler serves two contracts: Kinesis' event source mapping (records in, failures of single records out) and
Firehose's record transformation (each record is answered with its result). It needs the standard library alone, and
where it writes to a stream, the boto3 that Lambda has.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from sentiment_minibatch.delivered_json import delivery_of_json
from sentiment_minibatch.scores import Delivery, RejectedDeliveryError, Score, judge
from sentiment_minibatch.scoring.artifact import shipped_scorer
from sentiment_minibatch.scoring.message import RejectedMessageError, delivery_of, score_message
from sentiment_minibatch.scoring.message_json import message_in_stream
from sentiment_minibatch.streaming.destinations import KinesisStream, SqsQueue
from sentiment_minibatch.streaming.records import Record

Event = dict[str, Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_KEPT = 512 * 1024  # of a rejected delivery: as base64 in JSON it stays below SQS' mebibyte


@dataclass(frozen=True)
class Judged:
    """What became of one delivery: the record to pass on, or the reason why there is none; `position` names it."""

    position: str
    delivered: bytes
    scored: Record | None = None
    reason: str | None = None


def handler(event: Event, context: object = None) -> Event:
    """Handle an invocation of either contract; OUTPUT_STREAM and REJECTED_QUEUE_URL say where the first one writes."""
    if "records" in event:
        return transform(event, datetime.now(UTC))
    now = datetime.now(UTC)
    judged = [fate for position, data in _kinesis_records(event) for fate in judge_all(position, data, now)]
    lost = dict.fromkeys(_write(judged))  # a message of several tickers may have lost more than one score
    return {"batchItemFailures": [{"itemIdentifier": position} for position in lost]}


def transform(event: Event, now: datetime) -> Event:
    """Answer a transformation event: `Ok` with the scored record, `ProcessingFailed` with the delivery as it came.

    A record has one answer, so a message of several tickers is answered with a line for each under the first one's key.
    """
    return {"records": [_transformed(record, now) for record in event["records"]]}


def judge_all(position: str, data: bytes, now: datetime) -> list[Judged]:
    """Judge what is in a record: a delivery, or a message, which is scored and may deliver for several tickers.

    It raises nothing, not even for a defect of ours: Lambda tries a batch again for as long as the stream keeps it, and
    one record that always raises would hold up its shard for that long.
    """
    try:
        message = message_in_stream(data)
        if message is None:
            return [judge_record(position, data, now)]
        scores = score_message(message, shipped_scorer())
        return [_judged(position, data, delivery_of(score), now) for score in scores]
    except RejectedMessageError as error:
        return [Judged(position, data, reason=str(error))]
    except Exception as error:
        return [Judged(position, data, reason=f"a defect: {type(error).__name__}: {error}"[:1_000])]


def judge_record(position: str, data: bytes, now: datetime) -> Judged:
    """Judge the delivery in a record's data; of a bad one it says why."""
    return _judged(position, data, delivery_of_json(data), now)


def _judged(position: str, data: bytes, delivery: Delivery, now: datetime) -> Judged:
    try:
        score = judge(delivery, now)
    except RejectedDeliveryError as error:
        return Judged(position, data, reason=str(error))
    return Judged(position, data, scored=Record(score.symbol, _scored_json(score)))


def _scored_json(score: Score) -> bytes:
    """Return a score as the line of JSON that Flink reads: split into its bullish and its bearish part."""
    created_at = (score.created_at - _EPOCH) // timedelta(microseconds=1)
    return (
        f'{{"message_id":{score.message_id},"symbol":"{score.symbol}","created_at_micros":{created_at},'
        f'"bullish_micros":{max(score.score_micros, 0)},"bearish_micros":{min(score.score_micros, 0)}}}\n'
    ).encode()


def _transformed(record: Event, now: datetime) -> Event:
    identity = record["recordId"]
    judged = judge_all(identity, base64.b64decode(record["data"]), now)
    scored = [fate.scored for fate in judged if fate.scored is not None]
    if len(scored) < len(judged):
        return {"recordId": identity, "result": "ProcessingFailed", "data": record["data"]}
    data = base64.b64encode(b"".join(passed_on.data for passed_on in scored)).decode()
    return {
        "recordId": identity,
        "result": "Ok",
        "data": data,
        "metadata": {"partitionKeys": {"symbol": scored[0].key}},
    }


def _kinesis_records(event: Event) -> Iterator[tuple[str, bytes]]:
    for record in event["Records"]:
        yield record["kinesis"]["sequenceNumber"], base64.b64decode(record["kinesis"]["data"])


def _write(judged: list[Judged]) -> Iterable[str]:
    """Pass the scored records on and put the rejected ones aside; return the positions of those that did not arrive.

    Only those are retried. A bad delivery that is safely aside is done: it fails no batch.
    """
    stream, queue = _destinations(os.environ["OUTPUT_STREAM"], os.environ["REJECTED_QUEUE_URL"])
    scored = [item for item in judged if item.scored is not None]
    rejected = [item for item in judged if item.scored is None]
    failed = {id(record) for record in stream.put([item.scored for item in scored if item.scored is not None])}
    lost = [item.position for item in scored if id(item.scored) in failed]
    bodies = [_rejection(item) for item in rejected]
    return [*lost, *(rejected[index].position for index in queue.send(bodies))]


def _rejection(item: Judged) -> str:
    """Return what the queue keeps of a rejected delivery; of a huge one its beginning, the stream has the whole."""
    data = base64.b64encode(item.delivered[:_LONGEST_KEPT]).decode()
    cut = {"bytes": len(item.delivered)} if len(item.delivered) > _LONGEST_KEPT else {}
    return json.dumps({"reason": item.reason, "sequenceNumber": item.position, "data": data, **cut})


@cache
def _destinations(stream: str, queue_url: str) -> tuple[KinesisStream, SqsQueue]:
    import boto3  # noqa: PLC0415 (Lambda has it; the transformation needs none)

    return KinesisStream(boto3.client("kinesis"), stream), SqsQueue(boto3.client("sqs"), queue_url)
