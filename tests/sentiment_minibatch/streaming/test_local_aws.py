"""The AWS on this machine."""

from __future__ import annotations

import os
from typing import Any

from sentiment_minibatch.streaming.local_aws import RAW_STREAM, local_aws
from sentiment_minibatch.streaming.shards import ShardReader


def test_each_one_is_new_and_leaves_the_environment_as_it_was() -> None:
    before = dict(os.environ)
    with local_aws() as aws:
        aws.kinesis.put_record(StreamName=RAW_STREAM, Data=b"of the first", PartitionKey="k")
    with local_aws() as aws:
        assert _records(aws.kinesis) == []
    assert dict(os.environ) == before


def _records(kinesis: Any) -> list[Any]:
    return [record for batch in ShardReader(kinesis, RAW_STREAM).poll() for record in batch.records]
