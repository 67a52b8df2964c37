"""Writing deliveries to a file of any of the kinds that `score_files` reads."""

from __future__ import annotations

import csv
import itertools
import json
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from common.errors import ConfigurationError
from common.storage import open_store
from sentiment_minibatch.score_files import KINDS, split_uri
from sentiment_minibatch.score_tables import FIELDS
from sentiment_minibatch.scores import Delivery

_ROWS_PER_CHUNK = 50_000
_Write = Callable[[list[Delivery]], None]


def write_to(uri: str, deliveries: Iterable[Delivery]) -> int:
    """Write deliveries to a file or to s3://bucket/key, whole or not at all, and return how many they were.

    Raises `ConfigurationError` if the name does not end in .csv, .ndjson or .parquet.
    """
    folder, name = split_uri(uri)
    suffix = Path(name).suffix
    if suffix not in KINDS:
        raise ConfigurationError(f"{uri} names no kind of file; its end should be one of {', '.join(KINDS)}")
    with tempfile.TemporaryDirectory() as directory:
        local = Path(directory, name)
        with _WRITERS[suffix](local) as write:
            count = _write_all(write, iter(deliveries))
        open_store(folder).put(name, local)
    return count


def _write_all(write: _Write, deliveries: Iterator[Delivery]) -> int:
    count = 0
    while chunk := list(itertools.islice(deliveries, _ROWS_PER_CHUNK)):
        write(chunk)
        count += len(chunk)
    return count


@contextmanager
def _csv(path: Path) -> Iterator[_Write]:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(FIELDS)
        yield writer.writerows


@contextmanager
def _ndjson(path: Path) -> Iterator[_Write]:
    with path.open("w", encoding="utf-8") as stream:
        yield lambda chunk: stream.writelines(json.dumps(delivery._asdict()) + "\n" for delivery in chunk)


@contextmanager
def _parquet(path: Path) -> Iterator[_Write]:
    schema = pa.schema([(field, pa.string()) for field in FIELDS])
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        yield lambda chunk: writer.write_table(pa.table(list(map(list, zip(*chunk, strict=True))), schema=schema))


_WRITERS: dict[str, Callable[[Path], AbstractContextManager[_Write]]] = {
    ".csv": _csv,
    ".ndjson": _ndjson,
    ".parquet": _parquet,
}
