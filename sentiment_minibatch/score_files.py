"""Files of delivered scores: CSV with a header, NDJSON or Parquet, each with the fields of `Delivery`."""

from __future__ import annotations

import csv
import itertools
import tempfile
from collections.abc import Iterator
from operator import itemgetter
from pathlib import Path, PurePosixPath

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from common.errors import DataError, MissingInputError
from common.storage import open_store
from sentiment_minibatch.delivered_json import delivery_of_json
from sentiment_minibatch.score_tables import ROWS_PER_TABLE, SCHEMA, deliveries_of, tables_of
from sentiment_minibatch.scores import Delivery

SUFFIXES = (".csv", ".ndjson", ".parquet")
FIELDS = Delivery._fields


def deliveries_at(uri: str) -> Iterator[tuple[str, Iterator[Delivery]]]:
    """Yield what `tables_at` yields, delivery by delivery."""
    for name, tables in tables_at(uri):
        yield name, _one_by_one(tables)


def tables_at(uri: str) -> Iterator[tuple[str, Iterator[pa.Table]]]:
    """Yield the name and the tables of each score file at a path or s3:// address: the file, or all those under it.

    Raises `MissingInputError` where there is none.
    """
    folder, name = split_uri(uri)
    if not uri.startswith("s3://") and Path(uri).is_dir():
        folder, name = uri, ""
    store = open_store(folder)
    keys = [key for key in store.list(name) if key.endswith(SUFFIXES) and (not name or key == name)]
    if not keys and name:
        folder, store = uri, open_store(uri)
        keys = [key for key in store.list() if key.endswith(SUFFIXES)]
    if not keys:
        raise MissingInputError(f"{uri} holds no {', '.join(SUFFIXES)} file")
    for key in keys:
        with tempfile.TemporaryDirectory() as directory:
            local = Path(directory, PurePosixPath(key).name)
            store.download(key, local)
            yield key, read_tables(local)


def split_uri(uri: str) -> tuple[str, str]:
    """Return the store's URI and the key of a file's path or address."""
    folder, _, name = uri.rpartition("/")
    return (folder or ("/" if uri.startswith("/") else "."), name)


def read_deliveries(path: Path) -> Iterator[Delivery]:
    """Yield what `read_tables` yields, delivery by delivery."""
    return _one_by_one(read_tables(path))


def read_tables(path: Path) -> Iterator[pa.Table]:
    """Yield a file's deliveries, in its order, as tables of text. Raises `DataError` if the whole is unreadable."""
    readers = {".csv": _read_csv, ".ndjson": _read_ndjson, ".parquet": _read_parquet}
    try:
        for table in readers[path.suffix](path):
            yield _storable(table)
    except (UnicodeDecodeError, csv.Error, pa.ArrowInvalid) as error:
        raise DataError(f"{path} is no readable {path.suffix[1:]} file: {error}") from None


def _one_by_one(tables: Iterator[pa.Table]) -> Iterator[Delivery]:
    return itertools.chain.from_iterable(map(deliveries_of, tables))


def _read_csv(path: Path) -> Iterator[pa.Table]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = csv.reader(stream)
        header = next(rows, [])
        if missing := [field for field in FIELDS if field not in header]:
            raise DataError(f"{path} has no column {', '.join(missing)}; its header should be {','.join(FIELDS)}")
        fields = itemgetter(*map(header.index, FIELDS))
        absent = [None] * len(header)
        whole = (row if len(row) >= len(header) else row + absent[len(row) :] for row in rows if row)
        yield from tables_of(map(fields, whole))


def _read_ndjson(path: Path) -> Iterator[pa.Table]:
    with path.open(encoding="utf-8") as stream:
        yield from tables_of(delivery_of_json(line) for line in stream if not line.isspace())


def _read_parquet(path: Path) -> Iterator[pa.Table]:
    file = pq.ParquetFile(path)
    if missing := [field for field in FIELDS if field not in file.schema_arrow.names]:
        raise DataError(f"{path} has no column {', '.join(missing)}")
    for batch in file.iter_batches(ROWS_PER_TABLE, columns=list(FIELDS)):
        yield pa.table([_as_text(batch.column(field)) for field in FIELDS], schema=SCHEMA)


def _as_text(column: pa.Array) -> pa.Array:
    if pa.types.is_timestamp(column.type):
        zone = "Z" if column.type.tz else ""
        column = pc.strftime(column.cast(pa.timestamp("us", column.type.tz)), "%Y-%m-%dT%H:%M:%S" + zone)
    return column.cast(pa.string())


def _storable(table: pa.Table) -> pa.Table:
    """Return a table whose text PostgreSQL can hold: valid UTF-8, no NUL."""
    table.validate(full=True)
    return pa.table([pc.replace_substring(column, "\0", "�") for column in table.columns], schema=SCHEMA)
