"""Numpy arrays of a publication that are read range by range where they cannot be mapped: from a bucket."""

from __future__ import annotations

import io
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from common.storage import Store

_HEADER_BYTES = 128  # see `ArrayWriter`
_AT_ONCE = 16  # requests
_FEW = 8192  # elements that are read at once rather than asked for one by one


class StoredArray:
    """A one-dimensional array in a .npy file of ours; an index or a slice of it is one request."""

    def __init__(self, store: Store, key: str, pool: ThreadPoolExecutor) -> None:
        self._store, self._key, self._pool = store, key, pool
        self._header = pool.submit(store.read_range, key, 0, _HEADER_BYTES)  # while others are asked for

    @cached_property
    def _description(self) -> tuple[np.dtype[Any], int]:
        return _described(self._header.result())

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the elements."""
        return self._description[0]

    def __len__(self) -> int:
        return self._description[1]

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            return self._read(*place.indices(len(self))[:2])
        return self._read(int(place), int(place) + 1)[0]

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> npt.NDArray[Any]:
        return self._read(0, len(self)).astype(dtype or self.dtype, copy=False)

    def many(self, places: Iterable[tuple[int, int]]) -> list[npt.NDArray[Any]]:
        """Return several slices, asked for at once."""
        return list(self._pool.map(lambda place: self._read(*place), places))

    def searchsorted(self, wanted: int) -> int:
        """Return the first place whose element is not less, asking for a few elements instead of all.

        First where it lies if the elements are spread evenly, as ids mostly are.
        """
        first, last = 0, len(self)
        if last > _FEW:
            lowest, highest = (int(end[0]) for end in self.many([(0, 1), (last - 1, last)]))
            share = (wanted - lowest) / max(highest - lowest, 1)
            near = min(max(round(share * last) - _FEW // 2, 0), last - _FEW)
            window = self[near : near + _FEW]
            if window[0] < wanted <= window[-1]:
                return near + int(np.searchsorted(window, wanted))
            first, last = (first, near) if wanted <= window[0] else (near + _FEW, last)
        while last - first > _FEW:
            places = np.linspace(first, last - 1, _AT_ONCE, dtype=np.int64).tolist()
            found = np.concatenate(self.many((place, place + 1) for place in places))
            after = int(np.searchsorted(found, wanted))
            first = places[after - 1] + 1 if after else first
            last = places[after] if after < len(places) else last
        return first + int(np.searchsorted(self[first:last], wanted))

    def _read(self, first: int, last: int) -> npt.NDArray[Any]:
        size = self.dtype.itemsize
        body = self._store.read_range(self._key, _HEADER_BYTES + first * size, max(last - first, 0) * size)
        return np.frombuffer(body, self.dtype)


class StoredFolder:
    """The arrays under one prefix of a store, by name."""

    def __init__(self, store: Store, prefix: str) -> None:
        self._store, self._prefix, self._pool = store, prefix, ThreadPoolExecutor(_AT_ONCE)

    def array(self, name: str) -> StoredArray:
        """Return the array in `<prefix>/<name>.npy`."""
        return StoredArray(self._store, f"{self._prefix}/{name}.npy", self._pool)


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
