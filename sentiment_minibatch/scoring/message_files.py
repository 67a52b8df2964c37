"""Files of messages: CSV with a header, NDJSON or Parquet, with the fields of `Message` and perhaps others."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterator, Sequence
from operator import itemgetter
from pathlib import Path, PurePosixPath

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from common.errors import DataError, MissingInputError
from common.storage import open_store
from sentiment_minibatch.delivered_json import text_of
from sentiment_minibatch.score_files import split_uri
from sentiment_minibatch.scoring.message import Message
from sentiment_minibatch.scoring.message_json import message_of_json

KINDS = (".csv", ".ndjson", ".parquet")
NEEDED_TO_SCORE = ("message_id", "created_at", "text")
_LARGEST_FIELD = 1 << 27
_ROWS_AT_ONCE = 10_000


def messages_at(uri: str, needed: Sequence[str] = NEEDED_TO_SCORE) -> Iterator[tuple[str, Iterator[Message]]]:
    """Yield the name and the messages of each file at a path or s3:// address: the file, or all those under it.

    Raises `MissingInputError` where there is none, `DataError` where one lacks a field of `needed` or is unreadable.
    """
    folder, name = split_uri(uri)
    if not uri.startswith("s3://") and Path(uri).is_dir():
        folder, name = uri, ""
    store = open_store(folder)
    keys = [key for key in store.list(name) if key.endswith(KINDS) and (not name or key == name)]
    if not keys and name:
        store = open_store(uri)
        keys = [key for key in store.list() if key.endswith(KINDS)]
    if not keys:
        raise MissingInputError(f"{uri} holds no {', '.join(KINDS)} file")
    for key in sorted(keys):
        with tempfile.TemporaryDirectory() as directory:
            local = Path(directory, PurePosixPath(key).name)
            store.download(key, local)
            yield key, read_messages(local, needed)


def read_messages(path: Path, needed: Sequence[str] = NEEDED_TO_SCORE) -> Iterator[Message]:
    """Yield a file's messages in its order. Raises `DataError`."""
    readers = {".csv": _read_csv, ".ndjson": _read_ndjson, ".parquet": _read_parquet}
    try:
        yield from readers[path.suffix](path, needed)
    except (csv.Error, pa.ArrowException) as error:
        raise DataError(f"{path.name} is no readable {path.suffix[1:]} file: {error}") from None


def _read_csv(path: Path, needed: Sequence[str]) -> Iterator[Message]:
    csv.field_size_limit(_LARGEST_FIELD)
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
        rows = csv.reader(stream)
        header = next(rows, [])
        _check(path, header, needed)
        absent = [None] * (len(header) + 1)
        fields = itemgetter(*(header.index(field) if field in header else -1 for field in Message._fields))
        for row in rows:
            if row:
                known = row[: len(header)]
                yield Message._make(map(text_of, fields([*known, *absent[len(known) :]])))


def _read_ndjson(path: Path, _: Sequence[str]) -> Iterator[Message]:
    with path.open(encoding="utf-8", errors="replace") as stream:
        for line in stream:
            if not line.isspace():
                yield message_of_json(line)


def _read_parquet(path: Path, needed: Sequence[str]) -> Iterator[Message]:
    file = pq.ParquetFile(path)
    names = file.schema_arrow.names
    _check(path, names, needed)
    present = [field for field in Message._fields if field in names]
    for batch in file.iter_batches(_ROWS_AT_ONCE, columns=present):
        absent = pa.nulls(batch.num_rows, pa.string())
        columns = [_as_text(batch.column(field)) if field in present else absent for field in Message._fields]
        for row in zip(*(column.to_pylist() for column in columns), strict=True):
            yield Message._make(map(text_of, row))


def _check(path: Path, names: Sequence[str], needed: Sequence[str]) -> None:
    if missing := [field for field in needed if field not in names]:
        raise DataError(f"{path.name} has no column {', '.join(missing)}")


def _as_text(column: pa.Array) -> pa.Array:
    if pa.types.is_timestamp(column.type):
        zone = "Z" if column.type.tz else ""
        column = pc.strftime(column.cast(pa.timestamp("us", column.type.tz)), "%Y-%m-%dT%H:%M:%S" + zone)
    return column.cast(pa.string())
