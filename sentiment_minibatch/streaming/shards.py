"""Reading a Kinesis stream by polling: every shard, also those that a split or merge makes, from its start."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

KinesisRecord = dict[str, Any]


@dataclass(frozen=True)
class ShardBatch:
    """Consecutive records of one shard; `shard` names it."""

    shard: str
    records: list[KinesisRecord]


class ShardReader:
    """Where the reading of each shard of a stream stands. A child shard is read once its parents have been."""

    def __init__(self, client: Any, stream: str, records_per_read: int = 500) -> None:
        self._client = client
        self._stream = stream
        self._limit = records_per_read
        self._iterators: dict[str, str] = {}
        self._finished: set[str] = set()

    def poll(self) -> Iterator[ShardBatch]:
        """Yield what each shard has now, a batch each; a shard without records yields nothing."""
        self._discover()
        for shard, iterator in list(self._iterators.items()):
            answer = self._client.get_records(ShardIterator=iterator, Limit=self._limit)
            if answer["Records"]:
                yield ShardBatch(shard, answer["Records"])
            if following := answer.get("NextShardIterator"):
                self._iterators[shard] = following
            else:
                del self._iterators[shard]
                self._finished.add(shard)

    def _discover(self) -> None:
        listed = {shard["ShardId"]: shard for shard in self._shards()}
        for name, shard in listed.items():
            parents = {shard.get("ParentShardId"), shard.get("AdjacentParentShardId")} & listed.keys()
            if name not in self._iterators and name not in self._finished and parents <= self._finished:
                self._iterators[name] = self._client.get_shard_iterator(
                    StreamName=self._stream, ShardId=name, ShardIteratorType="TRIM_HORIZON"
                )["ShardIterator"]

    def _shards(self) -> Iterator[dict[str, Any]]:
        query = {"StreamName": self._stream}
        while True:
            answer = self._client.list_shards(**query)
            yield from answer["Shards"]
            if not answer.get("NextToken"):
                return
            query = {"NextToken": answer["NextToken"]}
