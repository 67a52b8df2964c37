"""Lambda's event source mapping, played by a poller: it reads a stream and invokes a handler with real event shapes.

It does what the mapping does with failures: it goes on from the lowest sequence number that failed, halves a batch
whose invocation raised, and puts a record that fails every attempt aside alone.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from sentiment_minibatch.streaming.shards import KinesisRecord, ShardReader

Handler = Callable[[dict[str, Any]], dict[str, Any]]

_WHOLE_BATCH = -1


class EventSource:
    """Feeds a handler from a stream; `put_aside` takes the records that failed `attempts` times."""

    def __init__(
        self,
        reader: ShardReader,
        handler: Handler,
        put_aside: Callable[[KinesisRecord], None],
        *,
        stream_arn: str,
        attempts: int = 4,
    ) -> None:
        self._reader = reader
        self._handler = handler
        self._put_aside = put_aside
        self._stream_arn = stream_arn
        self._attempts = attempts

    def poll(self) -> int:
        """Hand every shard's next batch to the handler and return how many records that were."""
        count = 0
        for batch in self._reader.poll():
            self._deliver(batch.shard, batch.records)
            count += len(batch.records)
        return count

    def _deliver(self, shard: str, records: list[KinesisRecord]) -> None:
        attempts = 0
        while records:
            failed = self._first_failure(shard, records)
            if failed is None:
                return
            if failed == _WHOLE_BATCH:
                self._deliver(shard, records[: len(records) // 2])
                self._deliver(shard, records[len(records) // 2 :])
                return
            attempts = attempts + 1 if failed == 0 else 1
            records = records[failed:]
            if attempts == self._attempts:
                self._put_aside(records[0])
                records, attempts = records[1:], 0

    def _first_failure(self, shard: str, records: list[KinesisRecord]) -> int | None:
        """Return the index of the first record that failed, or that the batch did: the function raised something."""
        try:
            answer = self._handler(kinesis_event(self._stream_arn, shard, records))
        except Exception:  # whatever a function raises fails its invocation
            return 0 if len(records) == 1 else _WHOLE_BATCH
        failed = {failure["itemIdentifier"] for failure in answer.get("batchItemFailures", ())}
        indices = (index for index, record in enumerate(records) if record["SequenceNumber"] in failed)
        return next(indices, None)


def kinesis_event(stream_arn: str, shard: str, records: list[KinesisRecord]) -> dict[str, Any]:
    """Return the event with which Lambda invokes a function for records of a Kinesis shard."""
    return {
        "Records": [
            {
                "kinesis": {
                    "kinesisSchemaVersion": "1.0",
                    "partitionKey": record["PartitionKey"],
                    "sequenceNumber": record["SequenceNumber"],
                    "data": base64.b64encode(record["Data"]).decode(),
                    "approximateArrivalTimestamp": record["ApproximateArrivalTimestamp"].timestamp(),
                },
                "eventSource": "aws:kinesis",
                "eventVersion": "1.0",
                "eventID": f"{shard}:{record['SequenceNumber']}",
                "eventName": "aws:kinesis:record",
                "eventSourceARN": stream_arn,
            }
            for record in records
        ]
    }
