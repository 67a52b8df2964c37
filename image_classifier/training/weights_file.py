"""The tensors of a file of weights that PyTorch wrote before its version 1.6, read without PyTorch."""

from __future__ import annotations

import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from common.errors import DataError

_KINDS = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}
_HEADERS = 3  # a magic number, the version of the format and the sizes of C's types


def read_weights(path: Path) -> dict[str, np.ndarray]:
    """Return the tensors by name; raises `DataError` for a file that is not one or that holds anything but tensors."""
    try:
        with path.open("rb") as file:
            return _read(file)
    except (pickle.UnpicklingError, EOFError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} is not a file of weights as PyTorch wrote them before 1.6: {error}") from None


def _read(file: BinaryIO) -> dict[str, np.ndarray]:
    for _ in range(_HEADERS):
        _TensorsOnly(file).load()
    description = _TensorsOnly(file)
    tensors = description.load()
    for key in _TensorsOnly(file).load():
        storage = description.storages[key]
        count = int.from_bytes(file.read(8), "little")
        storage[:] = np.frombuffer(file.read(count * storage.itemsize), storage.dtype)
    return {name: tensor.view() for name, tensor in tensors.items()}


class _Tensor:
    """Where in a storage a tensor lies: the first element, the shape, and the strides in elements."""

    def __init__(self, storage: np.ndarray, first: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: Any):
        self._storage, self._first, self._shape, self._strides = storage, first, shape, strides

    def view(self) -> np.ndarray:
        steps = tuple(stride * self._storage.itemsize for stride in self._strides)
        return np.ndarray(self._shape, self._storage.dtype, self._storage, self._first * self._storage.itemsize, steps)


class _TensorsOnly(pickle.Unpickler):
    """A pickle can name any function to be called when it is read: only those that make up tensors are let through."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file)
        self.storages: dict[str, np.ndarray] = {}

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _Tensor
        if module == "torch" and name in _KINDS:
            return _KINDS[name]
        raise pickle.UnpicklingError(f"{module}.{name} has no place in it")

    def persistent_load(self, identity: Any) -> np.ndarray:
        _, kind, key, _, count, _ = identity
        return self.storages.setdefault(key, np.zeros(count, kind))
