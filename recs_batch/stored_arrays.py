"""Numpy arrays of a publication that are read range by range where they cannot be mapped: from a bucket."""

from __future__ import annotations

import io
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt

from common.storage import Store

_HEADER_BYTES = 128  # see `ArrayWriter`
_AT_ONCE = 16  # requests


class StoredArray:
    """A one-dimensional array in a .npy file of ours; an index or a slice of it is one request."""

    def __init__(self, store: Store, key: str) -> None:
        self._store, self._key = store, key
        header = store.read_range(key, 0, _HEADER_BYTES)
        self.dtype, self._length = _described(header)

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            return self._read(*place.indices(self._length)[:2])
        return self._read(int(place), int(place) + 1)[0]

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> npt.NDArray[Any]:
        return self._read(0, self._length).astype(dtype or self.dtype, copy=False)

    def many(self, places: Iterable[tuple[int, int]]) -> list[npt.NDArray[Any]]:
        """Return several slices, asked for at once."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return list(pool.map(lambda place: self._read(*place), places))

    def _read(self, first: int, last: int) -> npt.NDArray[Any]:
        size = self.dtype.itemsize
        body = self._store.read_range(self._key, _HEADER_BYTES + first * size, max(last - first, 0) * size)
        return np.frombuffer(body, self.dtype)


class StoredFolder:
    """The arrays under one prefix of a store, by name."""

    def __init__(self, store: Store, prefix: str) -> None:
        self._store, self._prefix = store, prefix

    def array(self, name: str) -> StoredArray:
        """Return the array in `<prefix>/<name>.npy`."""
        return StoredArray(self._store, f"{self._prefix}/{name}.npy")


def slices(array: Any, places: Iterable[tuple[int, int]]) -> list[npt.NDArray[Any]]:
    """Return several slices of an array, of a stored one at once."""
    if isinstance(array, StoredArray):
        return array.many(places)
    return [array[first:last] for first, last in places]


def _described(header: bytes) -> tuple[np.dtype[Any], int]:
    """Return type and length, as numpy's own reader finds them."""
    stream = io.BytesIO(header)
    np.lib.format.read_magic(stream)
    shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
    return dtype, shape[0]
