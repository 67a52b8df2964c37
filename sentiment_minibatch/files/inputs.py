"""Files that a user names: one, or all below a folder or an s3:// address; compressed (.gz, .zst) or not."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pyarrow as pa

from common.errors import MissingInputError
from common.storage import ObjectNotFoundError, Store, open_store
from sentiment_minibatch.files.lines import read_csv, read_ndjson
from sentiment_minibatch.files.names import COMPRESSIONS, KINDS, kind_of, split_uri
from sentiment_minibatch.files.records import Layout, UnreadableFileError, tables_of_records

_LINE_READERS = {".csv": read_csv, ".ndjson": read_ndjson}


@dataclass(frozen=True)
class InputFile:
    """A file of records: `name` is how the user would call it, `source` is the same from anywhere."""

    store: Store
    key: str
    name: str
    source: str

    def tables(self, layout: Layout) -> Iterator[pa.Table]:
        """Yield the file's records, in its order. Raises `UnreadableFileError`, perhaps after some of them."""
        with tempfile.TemporaryDirectory() as directory:
            local = Path(directory, PurePosixPath(self.key).name)
            self._download(local)
            yield from read_tables(local, layout)

    def _download(self, local: Path) -> None:
        folder = self.store.uri.removeprefix("file://")
        # A pipe would be waited for until somebody writes to it.
        if not self.store.uri.startswith("s3://") and not Path(folder, self.key).is_file():
            raise UnreadableFileError("it is no regular file, or gone")
        try:
            self.store.download(self.key, local)
        except ObjectNotFoundError:
            raise UnreadableFileError("it is gone") from None


def files_at(uri: str) -> list[InputFile]:
    """Return the files of records at a path or s3:// address: the file, or all those under it, in order of their names.

    Raises `MissingInputError` where there is none.
    """
    folder, name = split_uri(uri)
    if not uri.startswith("s3://") and Path(uri).is_dir():
        folder, name = uri, ""
    store = open_store(folder)
    keys = [key for key in store.list(name) if kind_of(key) and (not name or key == name)]
    if not keys and name:
        folder, store = uri, open_store(uri)
        keys = [key for key in store.list() if kind_of(key)]
    if not keys:
        raise MissingInputError(f"{uri} holds no {', '.join(KINDS)} file")
    whole = folder if folder.startswith("s3://") else str(Path(folder).resolve())
    prefix = "" if folder == "." else f"{folder.rstrip('/')}/"
    return [
        InputFile(store, key, _printable(f"{prefix}{key}"), _printable(f"{whole.rstrip('/')}/{key}"))
        for key in sorted(keys)
    ]


def read_tables(path: Path, layout: Layout) -> Iterator[pa.Table]:
    """Yield a file's records, in its order, as tables of text. Raises `UnreadableFileError`."""
    kind = kind_of(path.name)
    try:
        if kind == ".parquet":
            from sentiment_minibatch.files.parquet import read_parquet  # noqa: PLC0415 (takes long to load)

            yield from read_parquet(path, layout)
        else:
            with _opened(path) as stream:
                yield from tables_of_records(_LINE_READERS[kind](stream, layout), layout)
    except (pa.ArrowException, OSError, EOFError, UnicodeDecodeError, OverflowError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0].replace(str(path), path.name)
        raise UnreadableFileError(f"it cannot be read as {kind[1:]}: {reason}") from None


def _printable(name: str) -> str:
    """Return a file's name as text that can be stored: a name on disk need not be UTF-8."""
    return name.encode("utf-8", "backslashreplace").decode()


def _opened(path: Path) -> io.BufferedReader:
    compression = COMPRESSIONS.get(path.suffix)
    if compression is None:
        return path.open("rb")
    return io.BufferedReader(pa.input_stream(str(path), compression=compression), 1 << 20)
