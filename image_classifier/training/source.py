"""Bringing a data set to this machine: a folder as it is, a bucket by copying."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from common.errors import MissingInputError
from common.progress import track
from common.storage import open_store
from image_classifier.learning.promotion import fetch_reviewed


@contextmanager
def reviewed_folder(uri: str | None) -> Iterator[Path | None]:
    """Yield a folder with a copy of the reviewed samples that training may use, by class; it is removed at the end."""
    if uri is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="image-classifier-feedback-") as scratch:
        fetch_reviewed(uri, Path(scratch))
        yield Path(scratch)


@contextmanager
def local_folder(uri: str) -> Iterator[Path]:
    """Yield a local folder with the data of a folder or of s3://bucket/prefix; a copy is removed at the end.

    Raises `MissingInputError` when there is nothing, and a `StorageError` when the bucket cannot be read.
    """
    if not uri.startswith("s3://"):
        folder = Path(uri)
        if not folder.is_dir():
            raise MissingInputError(f"{folder} is not there; expected a folder with train/ and val/")
        yield folder
        return
    store = open_store(uri)
    keys = list(store.list())
    if not keys:
        raise MissingInputError(f"{uri} holds nothing; expected train/ and val/ there")
    with tempfile.TemporaryDirectory(prefix="image-classifier-data-") as scratch:
        for key in track(keys, f"copying {uri}"):
            path = Path(scratch) / key
            path.parent.mkdir(parents=True, exist_ok=True)
            store.download(key, path)
        yield Path(scratch)
