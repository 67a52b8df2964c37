"""Where records go: a Kinesis stream, an SQS queue.

Of a request that failed in part, only the failed part is sent again, later each time. A writer that waits is what slows
its source down (back-pressure).
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from sentiment_minibatch.streaming.records import Record, batches

Item = TypeVar("Item")

_ATTEMPTS = 8
_FIRST_WAIT_SECONDS = 0.1
_LONGEST_WAIT_SECONDS = 5.0
_MESSAGES_PER_REQUEST = 10


class _Retrying(Generic[Item]):
    """Sends a batch until all of it has arrived or the attempts are used up."""

    def __init__(self, attempts: int = _ATTEMPTS, sleep: Callable[[float], None] = time.sleep) -> None:
        self._attempts = attempts
        self._sleep = sleep

    def send(self, batch: Sequence[Item], request: Callable[[list[Item]], list[Item]]) -> list[Item]:
        """Return what has not arrived; `request` sends some and returns what of it failed."""
        waiting = list(batch)
        for attempt in range(self._attempts):
            if attempt:
                longest = min(_LONGEST_WAIT_SECONDS, _FIRST_WAIT_SECONDS * 2**attempt)
                self._sleep(random.uniform(0, longest))  # noqa: S311 (full jitter, so that writers do not march in step)
            waiting = request(waiting)
            if not waiting:
                return []
        return waiting


class KinesisStream:
    """A Kinesis data stream, by its name."""

    def __init__(self, client: Any, name: str, **retrying: Any) -> None:
        self._client = client
        self._name = name
        self._retrying = _Retrying[Record](**retrying)

    def put(self, records: Sequence[Record]) -> list[Record]:
        """Put the records, at least once each, and return those that the stream did not take in any attempt."""
        return [lost for batch in batches(records) for lost in self._retrying.send(batch, self._request)]

    def _request(self, batch: list[Record]) -> list[Record]:
        entries = [{"Data": record.data, "PartitionKey": record.key} for record in batch]
        answer = self._client.put_records(StreamName=self._name, Records=entries)
        return [record for record, result in zip(batch, answer["Records"], strict=True) if "ErrorCode" in result]


class SqsQueue:
    """An SQS queue, by its address."""

    def __init__(self, client: Any, url: str, **retrying: Any) -> None:
        self._client = client
        self._url = url
        self._retrying = _Retrying[tuple[int, str]](**retrying)

    def send(self, bodies: Sequence[str]) -> list[int]:
        """Send the messages, at least once each, and return the positions of those that never arrived."""
        numbered = list(enumerate(bodies))
        groups = (numbered[i : i + _MESSAGES_PER_REQUEST] for i in range(0, len(numbered), _MESSAGES_PER_REQUEST))
        return [position for group in groups for position, _ in self._retrying.send(group, self._request)]

    def _request(self, group: list[tuple[int, str]]) -> list[tuple[int, str]]:
        entries = [{"Id": str(position), "MessageBody": body} for position, body in group]
        answer = self._client.send_message_batch(QueueUrl=self._url, Entries=entries)
        failed = {int(failure["Id"]) for failure in answer.get("Failed", ())}
        return [(position, body) for position, body in group if position in failed]
