"""Files of delivered scores: CSV with a header, NDJSON or Parquet, each with the fields of `Delivery`."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from common.errors import DataError, MissingInputError
from common.storage import open_store
from sentiment_minibatch.delivered_json import delivery_of_json, text_of
from sentiment_minibatch.scores import Delivery

SUFFIXES = (".csv", ".ndjson", ".parquet")
FIELDS = Delivery._fields
_ROWS_PER_CHUNK = 100_000


def deliveries_at(uri: str) -> Iterator[tuple[str, Iterator[Delivery]]]:
    """Yield the name and the deliveries of each score file at a path or s3:// address: the file, or all those under it.

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
            yield key, read_deliveries(local)


def split_uri(uri: str) -> tuple[str, str]:
    """Return the store's URI and the key of a file's path or address."""
    folder, _, name = uri.rpartition("/")
    return (folder or ("/" if uri.startswith("/") else "."), name)


def read_deliveries(path: Path) -> Iterator[Delivery]:
    """Yield a file's deliveries in its order. Raises `DataError` if the file as a whole cannot be read."""
    readers = {".csv": _read_csv, ".ndjson": _read_ndjson, ".parquet": _read_parquet}
    try:
        yield from readers[path.suffix](path)
    except (UnicodeDecodeError, csv.Error, pa.ArrowInvalid) as error:
        raise DataError(f"{path} is no readable {path.suffix[1:]} file: {error}") from None


def _read_csv(path: Path) -> Iterator[Delivery]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = csv.DictReader(stream)
        if missing := [field for field in FIELDS if field not in (rows.fieldnames or ())]:
            raise DataError(f"{path} has no column {', '.join(missing)}; its header should be {','.join(FIELDS)}")
        for row in rows:
            yield Delivery(*(text_of(row[field]) for field in FIELDS))


def _read_ndjson(path: Path) -> Iterator[Delivery]:
    with path.open(encoding="utf-8") as stream:
        for line in stream:
            if line.strip():
                yield delivery_of_json(line)


def _read_parquet(path: Path) -> Iterator[Delivery]:
    file = pq.ParquetFile(path)
    if missing := [field for field in FIELDS if field not in file.schema_arrow.names]:
        raise DataError(f"{path} has no column {', '.join(missing)}")
    for batch in file.iter_batches(_ROWS_PER_CHUNK, columns=list(FIELDS)):
        columns = [_as_text(batch.column(field)) for field in FIELDS]
        for row in zip(*columns, strict=True):
            yield Delivery(*(text_of(value) for value in row))


def _as_text(column: pa.Array) -> list[str | None]:
    if pa.types.is_timestamp(column.type):
        zone = "Z" if column.type.tz else ""
        column = pc.strftime(column.cast(pa.timestamp("us", column.type.tz)), "%Y-%m-%dT%H:%M:%S" + zone)
    values: list[str | None] = column.cast(pa.string()).to_pylist()
    return values
