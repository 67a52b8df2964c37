"""A stored object as a file that is read where it is needed, range by range."""

from __future__ import annotations

import io

from common.storage.interface import Store

_AT_ONCE = 1 << 16


def open_ranges(store: Store, key: str) -> io.BufferedReader:
    """Open an object as a seekable file, of which only what is read is fetched."""
    return io.BufferedReader(_Ranges(store, key), _AT_ONCE)


class _Ranges(io.RawIOBase):
    def __init__(self, store: Store, key: str) -> None:
        self._store, self._key, self._position = store, key, 0
        self._bytes = store.stat(key).bytes

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._position = offset + (0, self._position, self._bytes)[whence]
        return self._position

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        found = self._store.read_range(self._key, self._position, len(buffer))
        buffer[: len(found)] = found
        self._position += len(found)
        return len(found)
