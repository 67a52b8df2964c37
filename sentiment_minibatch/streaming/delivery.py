"""Firehose, played by a poller: it archives a stream on S3 in the layout of `infra/streaming.yaml`.

The local AWS delivers nothing from a Kinesis stream. What this cannot show is Firehose's own buffering and retries.
"""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from typing import Any

from sentiment_minibatch.streaming.shards import ShardReader

PREFIX = "sentiment/stream/revisions"


class Delivery:
    """Writes what a stream has as compressed objects of lines, by the hour of their delivery."""

    def __init__(self, reader: ShardReader, s3: Any, bucket: str) -> None:
        self._reader = reader
        self._s3 = s3
        self._bucket = bucket
        self._objects = 0

    def poll(self) -> int:
        """Deliver what has come since the last poll, an object a shard, and return how many records that were."""
        count = 0
        for batch in self._reader.poll():
            body = gzip.compress(b"".join(record["Data"].rstrip() + b"\n" for record in batch.records))
            hour = datetime.now(UTC).strftime("dt=%Y-%m-%d/hour=%H")
            self._s3.put_object(Bucket=self._bucket, Key=f"{PREFIX}/{hour}/{self._objects:09}.gz", Body=body)
            self._objects += 1
            count += len(batch.records)
        return count
