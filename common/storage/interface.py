"""The interface that every store has, and the rule for keys that all of them share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol

from common.storage.errors import InvalidKeyError

Body = bytes | Path | BinaryIO
_LONGEST_KEY_BYTES = 1024  # S3's limit


class Stat(NamedTuple):
    """An object's size in bytes, when it was last written, and a token that differs after every change."""

    bytes: int
    modified_at: datetime
    version: str


class Store(Protocol):
    """Objects by key under one URI. Every method raises a `StorageError` of the fitting kind."""

    uri: str

    def get(self, key: str) -> bytes:
        """Return the whole object."""

    def get_version(self, key: str) -> tuple[bytes, str]:
        """Return the whole object and the version token that `swap` compares."""

    def open(self, key: str) -> AbstractContextManager[BinaryIO]:
        """Open the object for reading as a stream, for objects too large for memory."""

    def read_range(self, key: str, start: int, length: int) -> bytes:
        """Return so many bytes of the object from `start` on, fewer at its end."""

    def download(self, key: str, path: Path) -> None:
        """Copy the object to a local file, which appears only once it is complete."""

    def put(self, key: str, body: Body) -> None:
        """Write the object, replacing any other; readers see the old one or the new one, whole."""

    def create(self, key: str, body: Body) -> None:
        """Write the object only if there is none. Raises `ConflictError` if there is."""

    def swap(self, key: str, body: bytes, expected: str | None) -> None:
        """Replace the object only if its version is still `expected` (None: it must not exist).

        Raises `ConflictError` when another writer was faster.
        """

    def list(self, prefix: str = "") -> Iterator[str]:
        """Yield the keys that begin with `prefix`, in byte order."""

    def exists(self, key: str) -> bool:
        """Tell whether the object is there."""

    def stat(self, key: str) -> Stat:
        """Return the object's size and version without reading it."""

    def delete(self, key: str) -> None:
        """Remove the object; removing one that is not there is no error."""

    def tidy(self, prefix: str = "") -> None:
        """Remove what killed writers of keys under `prefix` left, which no reader ever saw, or more of that.

        Writers at work keep what is theirs.
        """


def check_key(uri: str, key: str) -> None:
    """Raise `InvalidKeyError` unless `key` is a relative path of plain segments that every store can hold."""
    problem = _problem_with(key)
    if problem:
        raise InvalidKeyError(f"{uri}/{key!r}", problem)


def _problem_with(key: str) -> str | None:
    if not key:
        return "the key is empty"
    if any(segment in {"", ".", ".."} for segment in key.split("/")):
        return "the key has an empty, '.' or '..' segment"
    if any(ord(character) < 32 or character in "\\\x7f" for character in key):
        return "the key has a control character or a backslash"
    if len(key.encode(errors="surrogatepass")) > _LONGEST_KEY_BYTES:
        return f"the key is longer than {_LONGEST_KEY_BYTES} bytes"
    return None
