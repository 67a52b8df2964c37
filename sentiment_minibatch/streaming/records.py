"""What goes through a stream: bytes with a partition key, in batches as large as one request may be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

_RECORDS_PER_REQUEST = 500
_BYTES_PER_REQUEST = 5 * 2**20


class Record(NamedTuple):
    """The data of a record and the key by which its shard is chosen."""

    key: str
    data: bytes


def batches(
    records: Iterable[Record], most_records: int = _RECORDS_PER_REQUEST, most_bytes: int = _BYTES_PER_REQUEST
) -> Iterator[list[Record]]:
    """Yield records in order in lists that fit into one PutRecords request (keys count as well as data)."""
    batch: list[Record] = []
    size = 0
    for record in records:
        own = len(record.data) + len(record.key.encode())
        if batch and (len(batch) == most_records or size + own > most_bytes):
            yield batch
            batch, size = [], 0
        batch.append(record)
        size += own
    if batch:
        yield batch
