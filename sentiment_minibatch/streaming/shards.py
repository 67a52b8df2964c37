"""Reading a Kinesis stream by polling: every shard, also those that a split makes, each from where it was left."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

KinesisRecord = dict[str, Any]


@dataclass(frozen=True)
class ShardBatch:
    """Consecutive records of one shard, maybe none; `ended` says that it has been split or merged and read whole."""

    shard: str
    records: list[KinesisRecord]
    behind_seconds: float
    ended: bool


@dataclass(frozen=True)
class ShardPosition:
    """What of a shard has been read: through this record, or all that there will ever be."""

    sequence_number: str
    finished: bool


class ShardReader:
    """Where the reading of each shard of a stream stands. A child shard is read once its parents have been.

    `since` is where an earlier reader stopped; shards that it does not name are read from their oldest record.
    """

    def __init__(
        self, client: Any, stream: str, records_per_read: int = 500, since: Mapping[str, ShardPosition] | None = None
    ) -> None:
        self._client = client
        self._stream = stream
        self._limit = records_per_read
        self._since = since or {}
        self._iterators: dict[str, str] = {}
        self._finished = {shard for shard, position in self._since.items() if position.finished}

    def poll(self) -> Iterator[ShardBatch]:
        """Yield what each shard has now, a batch each; a shard without anything new yields nothing."""
        for batch in self.poll_all():
            if batch.records:
                yield batch

    def poll_all(self) -> Iterator[ShardBatch]:
        """Yield a batch of each shard, also those without records."""
        self._discover()
        for shard, iterator in list(self._iterators.items()):
            answer = self._client.get_records(ShardIterator=iterator, Limit=self._limit)
            following = answer.get("NextShardIterator")
            yield ShardBatch(shard, answer["Records"], answer.get("MillisBehindLatest", 0) / 1_000, not following)
            if following:
                self._iterators[shard] = following
            else:
                del self._iterators[shard]
                self._finished.add(shard)

    def _discover(self) -> None:
        listed = {shard["ShardId"]: shard for shard in self._shards()}
        for name, shard in listed.items():
            parents = {shard.get("ParentShardId"), shard.get("AdjacentParentShardId")} & listed.keys()
            if name not in self._iterators and name not in self._finished and parents <= self._finished:
                self._iterators[name] = self._iterator(name)

    def _iterator(self, shard: str) -> str:
        since = self._since.get(shard)
        start = (
            {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": since.sequence_number}
            if since
            else {"ShardIteratorType": "TRIM_HORIZON"}
        )
        answer = self._client.get_shard_iterator(StreamName=self._stream, ShardId=shard, **start)
        return str(answer["ShardIterator"])

    def _shards(self) -> Iterator[dict[str, Any]]:
        query = {"StreamName": self._stream}
        while True:
            answer = self._client.list_shards(**query)
            yield from answer["Shards"]
            if not answer.get("NextToken"):
                return
            query = {"NextToken": answer["NextToken"]}
