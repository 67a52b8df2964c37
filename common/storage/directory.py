"""A store in a directory of the local disk, with the same guarantees as S3."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import BinaryIO

from common.storage import staging
from common.storage.errors import (
    AccessDeniedError,
    ConflictError,
    InvalidKeyError,
    ObjectNotFoundError,
    StorageError,
    StorageUnavailableError,
)
from common.storage.interface import Body, Stat, check_key
from common.storage.staging import locked, staging_file

_STAGING = ".staging"  # unfinished files and the lock, on the same file system and never listed
_TRIES = 5
_ABANDONED = 86_400.0  # seconds after which an empty folder is nobody's


class DirectoryStore:
    """Objects as files. Files are written aside, flushed to disk, then linked or renamed into place."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.uri = self.root.as_uri()

    def get(self, key: str) -> bytes:
        with self.open(key) as stream:
            return stream.read()

    def get_version(self, key: str) -> tuple[bytes, str]:
        body = self.get(key)
        return body, _version(body)

    @contextmanager
    def open(self, key: str) -> Iterator[BinaryIO]:
        path = self._path(key)
        with self._errors(key):
            stream = path.open("rb")
        with stream:
            yield stream

    def download(self, key: str, path: Path) -> None:
        unfinished = path.with_name(f"{path.name}.{uuid.uuid4().hex}.part")
        try:
            with self.open(key) as source, self._errors(key), unfinished.open("wb") as target:
                shutil.copyfileobj(source, target, 1 << 20)
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)

    def read_range(self, key: str, start: int, length: int) -> bytes:
        with self.open(key) as stream:
            stream.seek(start)
            return stream.read(length)

    def put(self, key: str, body: Body) -> None:
        path = self._path(key)
        with self._errors(key), self._staged(body) as staged:
            _place(staged.replace, path)

    def create(self, key: str, body: Body) -> None:
        path = self._path(key)
        with self._errors(key), self._staged(body) as staged:
            _place(partial(os.link, staged), path)

    def swap(self, key: str, body: bytes, expected: str | None) -> None:
        with self._lock(key):
            current = self.get_version(key)[1] if self.exists(key) else None
            if current != expected:
                raise ConflictError(self._uri(key), "another writer changed it first")
            self.put(key, body)

    def list(self, prefix: str = "") -> Iterator[str]:
        with self._errors(prefix):
            keys = [
                (Path(folder) / name).relative_to(self.root).as_posix()
                for folder, subfolders, names in os.walk(self._deepest_folder(prefix), onerror=_raise_unless_missing)
                if _skip_staging(Path(folder) == self.root, subfolders)
                for name in names
            ]
        yield from sorted((key for key in keys if key.startswith(prefix)), key=os.fsencode)

    def exists(self, key: str) -> bool:
        path = self._path(key)
        with self._errors(key):
            return path.is_file()

    def stat(self, key: str) -> Stat:
        path = self._path(key)
        with self._errors(key):
            found = path.stat()
        return Stat(found.st_size, datetime.fromtimestamp(found.st_mtime, UTC), str(found.st_mtime_ns))

    def delete(self, key: str) -> None:
        path = self._path(key)
        with self._errors(key):
            path.unlink(missing_ok=True)
        self._remove_empty(path.parent)

    def tidy(self, prefix: str = "") -> None:
        for left in (self.root / _STAGING).glob("[0-9a-f]*"):
            with suppress(FileNotFoundError), left.open("rb") as handle, suppress(BlockingIOError):
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)  # its writer, if it lives, holds the lock
                left.unlink(missing_ok=True)
        for folder, _, _ in os.walk(self.root, topdown=False):
            with suppress(OSError):  # it is not empty, or gone
                if time.time() - Path(folder).stat().st_mtime > _ABANDONED and Path(folder) != self.root:
                    Path(folder).rmdir()

    def _remove_empty(self, folder: Path) -> None:
        """Remove a folder, and those it lies in, that the last file has left; a writer makes them again."""
        with suppress(OSError):
            while folder not in {self.root, self.root.parent}:
                folder.rmdir()
                folder = folder.parent

    def _uri(self, key: str) -> str:
        return f"{self.uri}/{key}"

    def _path(self, key: str) -> Path:
        check_key(self.uri, key)
        path = self.root / key
        if key.partition("/")[0] == _STAGING:
            raise InvalidKeyError(self._uri(key), f"the name {_STAGING} is kept for unfinished files")
        if not path.parent.resolve().is_relative_to(self.root.resolve()):
            raise InvalidKeyError(self._uri(key), "the key leads out of the store through a symbolic link")
        return path

    def _deepest_folder(self, prefix: str) -> Path:
        folder, _, _ = prefix.rpartition("/")
        return self._path(folder) if folder else self.root

    @contextmanager
    def _staged(self, body: Body) -> Iterator[Path]:
        """Write `body` aside, flushed to disk; whatever is left of it goes when the block ends."""
        with staging_file(self.root / _STAGING) as target:
            _write(body, target)
            target.flush()
            os.fsync(target.fileno())
            yield Path(target.name)

    @contextmanager
    def _lock(self, key: str) -> Iterator[None]:
        lock = self.root / _STAGING / "lock"
        with self._errors(key):
            lock.parent.mkdir(parents=True, exist_ok=True)
            handle = lock.open("ab")
        with handle:
            if not locked(handle):
                raise StorageUnavailableError(self._uri(key), f"locked by another process for {staging.PATIENCE:g} s")
            yield

    @contextmanager
    def _errors(self, key: str) -> Iterator[None]:
        """Turn the operating system's errors into ours."""
        try:
            yield
        except FileNotFoundError:
            raise ObjectNotFoundError(self._uri(key), "no such file") from None
        except FileExistsError:
            raise ConflictError(self._uri(key), "it exists already") from None
        except PermissionError as error:
            raise AccessDeniedError(self._uri(key), f"permission denied ({error.filename})") from None
        except (IsADirectoryError, NotADirectoryError):
            raise StorageError(self._uri(key), "a file and a directory would share a name") from None
        except OSError as error:
            kind = StorageUnavailableError if error.errno in {errno.EIO, errno.ENOSPC, errno.EDQUOT} else StorageError
            raise kind(self._uri(key), os.strerror(error.errno) if error.errno else str(error)) from error


def _place(move: Callable[[Path], object], path: Path) -> None:
    """Give a staged file its name, in a folder that a deletion may be removing at this moment."""
    for left in reversed(range(_TRIES)):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            move(path)
            break
        except FileNotFoundError:
            if not left or path.parent.exists():
                raise
    _flush_directory(path.parent)


def _write(body: Body, target: BinaryIO) -> None:
    if isinstance(body, bytes):
        target.write(body)
    elif isinstance(body, Path):
        with body.open("rb") as source:
            shutil.copyfileobj(source, target, 1 << 20)
    else:
        shutil.copyfileobj(body, target, 1 << 20)


def _version(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def _flush_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _skip_staging(at_root: bool, subfolders: list[str]) -> bool:
    if at_root and _STAGING in subfolders:
        subfolders.remove(_STAGING)
    return True


def _raise_unless_missing(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError | NotADirectoryError):
        raise error
