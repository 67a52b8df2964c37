"""Deliveries of scores in tables of text, and the files that hold them."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa

from sentiment_minibatch.files.inputs import InputFile, read_tables
from sentiment_minibatch.files.records import Layout, Record, tables_of_records
from sentiment_minibatch.scores import Delivery

FIELDS = Delivery._fields
DELIVERIES = Layout(FIELDS, FIELDS, longest=200)


def tables_of(deliveries: Iterable[Delivery]) -> Iterator[pa.Table]:
    """Yield deliveries in tables, in their order."""
    return tables_of_records(
        (Record(delivery, position) for position, delivery in enumerate(deliveries, 1)), DELIVERIES
    )


def deliveries_of(table: pa.Table) -> Iterator[Delivery]:
    """Yield the rows of a table."""
    return map(Delivery._make, zip(*(table[field].to_pylist() for field in FIELDS), strict=True))


def deliveries_in(file: InputFile) -> Iterator[Delivery]:
    """Yield a file's deliveries, in its order. Raises `UnreadableFileError`, perhaps after some of them."""
    return _one_by_one(file.tables(DELIVERIES))


def read_deliveries(path: Path) -> Iterator[Delivery]:
    """Yield the deliveries of a file on this machine, likewise."""
    return _one_by_one(read_tables(path, DELIVERIES))


def _one_by_one(tables: Iterator[pa.Table]) -> Iterator[Delivery]:
    return itertools.chain.from_iterable(map(deliveries_of, tables))
