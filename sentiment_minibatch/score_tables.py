"""Deliveries in columns of text: what score files are read into, and what is judged by the table."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence

import pyarrow as pa

from sentiment_minibatch.scores import Delivery

SCHEMA = pa.schema([(field, pa.string()) for field in Delivery._fields])
ROWS_PER_TABLE = 50_000


def tables_of(deliveries: Iterable[Sequence[str | None]]) -> Iterator[pa.Table]:
    """Yield rows with the fields of `Delivery` in tables of at most `ROWS_PER_TABLE`, in their order."""
    rest = iter(deliveries)
    while rows := list(itertools.islice(rest, ROWS_PER_TABLE)):
        yield pa.table(list(map(list, zip(*rows, strict=True))), schema=SCHEMA)


def deliveries_of(table: pa.Table) -> Iterator[Delivery]:
    """Yield the rows of a table."""
    return map(Delivery._make, zip(*(column.to_pylist() for column in table.columns), strict=True))
