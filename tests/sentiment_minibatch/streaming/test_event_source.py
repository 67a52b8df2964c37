"""The poller that plays Lambda's event source mapping, and the reader of shards below it."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from sentiment_minibatch.streaming.event_source import EventSource
from sentiment_minibatch.streaming.shards import KinesisRecord, ShardReader

ARN = "arn:aws:kinesis:us-east-1:123456789012:stream/raw-sentiment"


class Function:
    """A handler that notes what it finishes and fails records with certain data, in one of the two ways there are."""

    def __init__(self, failing: dict[bytes, int], *, raises: bool = False) -> None:
        self._failing = failing
        self._raises = raises
        self.finished: list[bytes] = []

    def __call__(self, event: dict[str, Any]) -> dict[str, Any]:
        failures = []
        for record in event["Records"]:
            data = base64.b64decode(record["kinesis"]["data"])
            if self._failing.get(data, 0):
                self._failing[data] -= 1
                if self._raises:
                    raise RuntimeError("out of memory")
                failures.append({"itemIdentifier": record["kinesis"]["sequenceNumber"]})
            elif not failures:
                self.finished.append(data)
        return {"batchItemFailures": failures}


@pytest.mark.parametrize("raises", [False, True])
def test_a_record_that_always_fails_is_put_aside_alone_and_all_others_are_finished(
    kinesis: Any, stream: str, raises: bool
) -> None:
    sent = [f"record {number}".encode() for number in range(20)]
    for data in sent:
        kinesis.put_record(StreamName=stream, Data=data, PartitionKey="one shard")
    aside: list[KinesisRecord] = []
    function = Function({b"record 7": 1_000, b"record 12": 2}, raises=raises)
    source = EventSource(ShardReader(kinesis, stream), function, aside.append, stream_arn=ARN, attempts=4)
    assert source.poll() == 20
    assert [record["Data"] for record in aside] == [b"record 7"]
    assert set(function.finished) == set(sent) - {b"record 7"}


def test_the_children_of_a_shard_are_read_after_it(kinesis: Any, stream: str) -> None:
    before = [f"before {number}".encode() for number in range(10)]
    after = [f"after {number}".encode() for number in range(10)]
    for data in before:
        kinesis.put_record(StreamName=stream, Data=data, PartitionKey=data.decode())
    for shard in kinesis.list_shards(StreamName=stream)["Shards"]:
        first, last = (int(shard["HashKeyRange"][name]) for name in ("StartingHashKey", "EndingHashKey"))
        kinesis.split_shard(
            StreamName=stream, ShardToSplit=shard["ShardId"], NewStartingHashKey=str((first + last) // 2)
        )
    for data in after:
        kinesis.put_record(StreamName=stream, Data=data, PartitionKey=data.decode())
    reader = ShardReader(kinesis, stream)
    read = [record["Data"] for _ in range(4) for batch in reader.poll() for record in batch.records]
    assert set(before) | set(after) == set(read)
