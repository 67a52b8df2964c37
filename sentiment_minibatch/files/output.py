"""Writing records to a file of any of the kinds that are read."""

from __future__ import annotations

import csv
import itertools
import json
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from common.errors import ConfigurationError
from common.storage import open_store
from sentiment_minibatch.files.names import KINDS, split_uri

_ROWS_PER_CHUNK = 50_000
_Row = tuple[str | None, ...]
_Write = Callable[[list[_Row]], None]


def write_to(uri: str, rows: Iterable[_Row], fields: tuple[str, ...]) -> int:
    """Write rows with these fields to a file or s3://bucket/key, whole or not at all; return how many.

    Raises `ConfigurationError` if the name does not end in .csv, .ndjson or .parquet.
    """
    folder, name = split_uri(uri)
    suffix = Path(name).suffix
    if suffix not in KINDS:
        raise ConfigurationError(f"{uri} names no kind of file; its end should be one of {', '.join(KINDS)}")
    with tempfile.TemporaryDirectory() as directory:
        local = Path(directory, name)
        with _WRITERS[suffix](local, fields) as write:
            count = _write_all(write, iter(rows))
        open_store(folder).put(name, local)
    return count


def _write_all(write: _Write, rows: Iterator[_Row]) -> int:
    count = 0
    while chunk := list(itertools.islice(rows, _ROWS_PER_CHUNK)):
        write(chunk)
        count += len(chunk)
    return count


@contextmanager
def _csv(path: Path, fields: tuple[str, ...]) -> Iterator[_Write]:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(fields)
        yield writer.writerows


@contextmanager
def _ndjson(path: Path, fields: tuple[str, ...]) -> Iterator[_Write]:
    with path.open("w", encoding="utf-8") as stream:
        yield lambda chunk: stream.writelines(json.dumps(dict(zip(fields, row, strict=True))) + "\n" for row in chunk)


@contextmanager
def _parquet(path: Path, fields: tuple[str, ...]) -> Iterator[_Write]:
    import pyarrow as pa  # noqa: PLC0415 (takes long to load, and text needs none)
    import pyarrow.parquet as pq  # noqa: PLC0415

    schema = pa.schema([(field, pa.string()) for field in fields])
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        yield lambda chunk: writer.write_table(pa.table(list(map(list, zip(*chunk, strict=True))), schema=schema))


_WRITERS: dict[str, Callable[[Path, tuple[str, ...]], AbstractContextManager[_Write]]] = {
    ".csv": _csv,
    ".ndjson": _ndjson,
    ".parquet": _parquet,
}
