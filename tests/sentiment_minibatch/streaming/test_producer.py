"""The producer and its destination, on a Kinesis that speaks HTTP, with requests that fail in part."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import UnavailableError
from sentiment_minibatch.generator import StreamSettings, deliveries
from sentiment_minibatch.scores import Delivery, symbol_of
from sentiment_minibatch.streaming.destinations import KinesisStream
from sentiment_minibatch.streaming.producer import produce
from sentiment_minibatch.streaming.records import Record, batches
from sentiment_minibatch.streaming.shards import ShardReader


class FailingInPart:
    """A Kinesis client whose requests lose each record with some probability, as a throttled shard's do."""

    def __init__(self, client: Any, probability: float) -> None:
        self._client = client
        self._random = random.Random(1)
        self._probability = probability
        self.sizes: list[int] = []

    def put_records(self, StreamName: str, Records: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        self.sizes.append(len(Records))
        kept = [self._random.random() >= self._probability for _ in Records]
        sent = [record for record, keep in zip(Records, kept, strict=True) if keep]
        if sent:
            assert self._client.put_records(StreamName=StreamName, Records=sent)["FailedRecordCount"] == 0
        results = [{} if keep else {"ErrorCode": "ProvisionedThroughputExceededException"} for keep in kept]
        return {"FailedRecordCount": kept.count(False), "Records": results}


def test_what_failed_in_part_arrives_exactly_once_and_nothing_else_is_sent_again(kinesis: Any, stream: str) -> None:
    sent = list(deliveries(StreamSettings(messages=1_200, minutes=2, symbols=20)))
    client = FailingInPart(kinesis, 0.3)
    waits: list[float] = []
    assert produce(KinesisStream(client, stream, attempts=20, sleep=waits.append), sent) == len(sent)

    arrived = [record for batch in _all_batches(kinesis, stream) for record in batch.records]
    assert Counter(record["Data"] for record in arrived) == Counter(
        json.dumps(delivery._asdict()).encode() + b"\n" for delivery in sent
    )
    assert sum(client.sizes) < 2 * len(sent), "only the failed part is sent again"
    assert len(waits) > 1, "it waits before it sends again"


def test_each_symbol_stays_in_one_shard(kinesis: Any, stream: str) -> None:
    produce(KinesisStream(kinesis, stream), deliveries(StreamSettings(messages=300, minutes=1, symbols=30)))
    shards: dict[str, set[str]] = {}
    for batch in _all_batches(kinesis, stream):
        for record in batch.records:
            symbol = symbol_of(json.loads(record["Data"])["symbol"])
            shards.setdefault(symbol or "", set()).add(batch.shard)
    shards.pop("", None)
    assert {len(of_symbol) for of_symbol in shards.values()} == {1}
    assert len(set.union(*shards.values())) == 2


def test_a_stream_that_refuses_everything_stops_the_producer_and_its_source(kinesis: Any, stream: str) -> None:
    taken: list[int] = []

    def source() -> Iterator[Delivery]:
        for number in range(1_000_000):
            taken.append(number)
            yield Delivery(str(number), "TSLA", "0.5", "2026-01-05T14:30:00Z")

    refusing = KinesisStream(FailingInPart(kinesis, 1.0), stream, attempts=2, sleep=lambda _: None)
    with pytest.raises(UnavailableError, match="refused 5,000 of 5,000 records in every attempt"):
        produce(refusing, source())
    assert len(taken) == 5_000


@given(st.lists(st.builds(Record, st.text(min_size=1, max_size=8), st.binary(max_size=50))), st.integers(1, 7))
def test_batches_keep_the_records_in_order_within_the_limits(records: list[Record], most_records: int) -> None:
    made = list(batches(records, most_records, most_bytes=100))
    assert [record for batch in made for record in batch] == records
    for batch in made:
        assert 1 <= len(batch) <= most_records
        assert len(batch) == 1 or sum(len(record.data) + len(record.key.encode()) for record in batch) <= 100


def _all_batches(kinesis: Any, stream: str) -> list[Any]:
    reader = ShardReader(kinesis, stream, records_per_read=10_000)
    return [batch for _ in range(3) for batch in reader.poll()]
