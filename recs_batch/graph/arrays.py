"""Numpy arrays on disk that are written in pieces and read by mapping them into memory."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

_HEADER_BYTES = 128  # enough for the header of a one-dimensional array, and what numpy aligns to


class ArrayWriter:
    """Writes a one-dimensional .npy file whose length is known only at the end."""

    def __init__(self, path: Path, dtype: npt.DTypeLike) -> None:
        self._path, self._dtype, self._length = path, np.dtype(dtype), 0
        self._file: BinaryIO = path.open("wb")
        self._file.write(b"\0" * _HEADER_BYTES)

    def append(self, values: npt.NDArray[Any]) -> None:
        """Write more elements."""
        np.ascontiguousarray(values, self._dtype).tofile(self._file)
        self._length += len(values)

    def __enter__(self) -> ArrayWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._file.seek(0)
            self._file.write(_header(self._dtype, self._length))
        self._file.close()


def map_array(path: Path) -> npt.NDArray[Any]:
    """Return the array in a .npy file, read from disk as it is used.

    The mapping is private and writable, for compiled code treats read-only arrays as another type.
    """
    if path.stat().st_size == _HEADER_BYTES:  # nothing cannot be mapped
        return np.asarray(np.load(path))
    return np.asarray(np.load(path, mmap_mode="c"))


def _header(dtype: np.dtype[Any], length: int) -> bytes:
    """Return a version 1.0 header, padded to our fixed size (see numpy.lib.format)."""
    text = f"{{'descr': {dtype.str!r}, 'fortran_order': False, 'shape': ({length},), }}"
    prefix = b"\x93NUMPY\x01\x00" + (_HEADER_BYTES - 10).to_bytes(2, "little")
    return prefix + text.ljust(_HEADER_BYTES - 11).encode() + b"\n"
