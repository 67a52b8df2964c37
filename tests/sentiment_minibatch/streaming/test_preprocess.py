"""The Lambda function, with events of both contracts."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentiment_minibatch.delivered_json import delivery_of_json
from sentiment_minibatch.scores import RejectedDeliveryError, judge
from sentiment_minibatch.streaming import preprocess
from sentiment_minibatch.streaming.event_source import kinesis_event
from sentiment_minibatch.streaming.preprocess import handler, judge_all, judge_record, transform
from sentiment_minibatch.streaming.records import Record
from sentiment_minibatch.streaming.shards import ShardReader

NOW = datetime(2026, 1, 5, 15, 0, tzinfo=UTC)
GOOD = {"message_id": "17", "symbol": "$tsla", "score": "-0.25", "created_at": "2026-01-05T14:30:00.5Z"}


def test_a_score_is_split_into_its_bullish_and_its_bearish_part() -> None:
    judged = judge_record("1", json.dumps(GOOD).encode(), NOW)
    assert judged.scored is not None
    assert judged.scored.key == "TSLA"
    assert json.loads(judged.scored.data) == {
        "message_id": 17,
        "symbol": "TSLA",
        "created_at_micros": 1_767_623_400_500_000,
        "bullish_micros": 0,
        "bearish_micros": -250_000,
    }


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\xff\x00 no JSON", "message_id is not a whole number of at most 18 digits"),
        (b"", "message_id is missing"),
        (json.dumps({**GOOD, "score": "1.5"}).encode(), "score is not a number in [-1, 1]"),
        (json.dumps({**GOOD, "symbol": "$"}).encode(), "symbol is not a ticker symbol"),
        (json.dumps({**GOOD, "created_at": "2027-01-01T00:00:00Z"}).encode(), "created_at lies in the future"),
    ],
)
def test_a_bad_record_is_judged_so_with_the_reason_of_the_mini_batch(data: bytes, reason: str) -> None:
    assert judge_record("1", data, NOW).reason == reason


@given(
    st.lists(
        st.binary()
        | st.fixed_dictionaries({key: st.text() | st.just(value) for key, value in GOOD.items()}).map(
            lambda fields: json.dumps(fields).encode()
        ),
        max_size=20,
    )
)
@settings(deadline=None)
def test_a_transformation_answers_every_record_once_and_accepts_what_the_mini_batch_accepts(data: list[bytes]) -> None:
    records = [{"recordId": str(i), "data": base64.b64encode(datum).decode()} for i, datum in enumerate(data)]
    answers = transform({"records": records}, NOW)["records"]
    assert [answer["recordId"] for answer in answers] == [record["recordId"] for record in records]
    for datum, record, answer in zip(data, records, answers, strict=True):
        try:
            score = judge(delivery_of_json(datum), NOW)
        except RejectedDeliveryError:
            assert (answer["result"], answer["data"]) == ("ProcessingFailed", record["data"])
        else:
            passed_on = json.loads(base64.b64decode(answer["data"]))
            assert answer["result"] == "Ok"
            assert passed_on["bullish_micros"] + passed_on["bearish_micros"] == score.score_micros
            assert passed_on["bullish_micros"] * passed_on["bearish_micros"] == 0
            assert datetime.fromtimestamp(passed_on["created_at_micros"] / 1e6, UTC) == score.created_at


def test_the_function_needs_the_standard_library_alone() -> None:
    # -S leaves out site-packages, -I the environment: what remains is the repository and the standard library.
    code = (
        "import sys; sys.path.insert(0, '.'); import sentiment_minibatch.streaming.preprocess as p; print(p.__name__)"
    )
    repository = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], cwd=repository, capture_output=True, text=True)
    assert done.stdout.strip() == "sentiment_minibatch.streaming.preprocess", done.stderr


def test_bad_records_go_to_the_dead_letter_queue_and_fail_no_batch(
    kinesis: Any, stream: str, sqs: Any, queue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OUTPUT_STREAM", stream)
    monkeypatch.setenv("REJECTED_QUEUE_URL", queue)
    event = _event([json.dumps(GOOD).encode(), b"poison", json.dumps({**GOOD, "message_id": "18"}).encode()])

    assert handler(event) == {"batchItemFailures": []}

    passed_on = [
        json.loads(record["Data"]) for batch in ShardReader(kinesis, stream).poll() for record in batch.records
    ]
    assert [row["message_id"] for row in passed_on] == [17, 18]
    (message,) = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    rejection = json.loads(message["Body"])
    assert rejection["sequenceNumber"] == "2"
    assert rejection["reason"] == "message_id is not a whole number of at most 18 digits"
    assert base64.b64decode(rejection["data"]) == b"poison"


@pytest.mark.parametrize(("records", "size"), [(10, 90_000), (10, 300_000), (1, 900_000)])
def test_rejected_deliveries_however_large_fit_into_the_queue(
    kinesis: Any, stream: str, sqs: Any, queue: str, monkeypatch: pytest.MonkeyPatch, records: int, size: int
) -> None:
    """SQS takes a mebibyte a message and a batch: SQSDeveloperGuide/quotas-messages.html."""
    monkeypatch.setenv("OUTPUT_STREAM", stream)
    monkeypatch.setenv("REJECTED_QUEUE_URL", queue)
    assert handler(_event([b"x" * size] * records)) == {"batchItemFailures": []}
    kept = []
    while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        kept += [json.loads(message["Body"]) for message in messages]
    assert len(kept) == records
    assert all(rejection.get("bytes", size) == size for rejection in kept)
    assert all((b"x" * size).startswith(base64.b64decode(rejection["data"])) for rejection in kept)


def test_a_defect_of_ours_rejects_a_record_and_holds_up_no_shard(monkeypatch: pytest.MonkeyPatch) -> None:
    def defect(*_: object) -> None:
        raise ZeroDivisionError("of ours")

    monkeypatch.setattr(preprocess, "judge", defect)
    (judged,) = judge_all("1", json.dumps(GOOD).encode(), NOW)
    assert judged.reason == "a defect: ZeroDivisionError: of ours"


def test_only_what_could_not_be_written_is_reported_to_be_retried(monkeypatch: pytest.MonkeyPatch) -> None:
    class Throttled:
        def put(self, records: list[Record]) -> list[Record]:
            return [record for record in records if json.loads(record.data)["message_id"] == 18]

        def send(self, bodies: list[str]) -> list[int]:
            return [1]

    monkeypatch.setenv("OUTPUT_STREAM", "scored")
    monkeypatch.setenv("REJECTED_QUEUE_URL", "rejected")
    monkeypatch.setattr(preprocess, "_destinations", lambda stream, queue: (Throttled(), Throttled()))
    good = [json.dumps({**GOOD, "message_id": str(number)}).encode() for number in (17, 18, 19)]

    answer = handler(_event([good[0], b"first poison", good[1], b"second poison", good[2]]))

    failed = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
    assert failed == {"3", "4"}, "the record of message 18, and the rejected delivery that the queue did not take"


def _event(data: list[bytes]) -> dict[str, Any]:
    records = [
        {"PartitionKey": "k", "SequenceNumber": str(number), "Data": datum, "ApproximateArrivalTimestamp": NOW}
        for number, datum in enumerate(data, start=1)
    ]
    return kinesis_event("arn:aws:kinesis:us-east-1:123456789012:stream/raw-sentiment", "shardId-000000000000", records)
