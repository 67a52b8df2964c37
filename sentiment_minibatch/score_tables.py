"""Deliveries in columns of text: what score files are read into, and what is judged by the table."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import pyarrow as pa

from sentiment_minibatch.scores import Delivery

FIELDS = Delivery._fields
SCHEMA = pa.schema([*((field, pa.string()) for field in FIELDS), ("position", pa.int64()), ("fault", pa.string())])
ROWS_PER_TABLE = 50_000
LONGEST_FIELD = 200


class Record(NamedTuple):
    """A delivery, where it stood, from 1, and why it could not be read; then its first field holds what was there."""

    delivery: Delivery
    position: int
    fault: str | None = None


def tables_of(deliveries: Iterable[Delivery]) -> Iterator[pa.Table]:
    """Yield deliveries in tables of at most `ROWS_PER_TABLE`, in their order."""
    return tables_of_records(Record(delivery, position) for position, delivery in enumerate(deliveries, 1))


def tables_of_records(records: Iterable[Record]) -> Iterator[pa.Table]:
    """Yield records in tables of at most `ROWS_PER_TABLE`, in their order."""
    rest = iter(records)
    while chunk := list(itertools.islice(rest, ROWS_PER_TABLE)):
        deliveries, positions, faults = zip(*chunk, strict=True)
        columns = [[_cut(text) for text in column] for column in zip(*deliveries, strict=True)]
        yield pa.table([*columns, positions, faults], schema=SCHEMA)


def deliveries_of(table: pa.Table) -> Iterator[Delivery]:
    """Yield the rows of a table."""
    return map(Delivery._make, zip(*(table[field].to_pylist() for field in FIELDS), strict=True))


def _cut(text: str | None) -> str | None:
    """Shorten what is longer than any field that counts: it is refused all the same, and memory stays bounded."""
    return text if text is None or len(text) <= LONGEST_FIELD else f"{text[:LONGEST_FIELD]}…"
