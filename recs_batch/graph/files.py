"""Compressed rows in a folder, as numpy files that the next step maps into memory."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, cast

import numpy as np
import numpy.typing as npt

from recs_batch.graph.arrays import ArrayWriter, map_array
from recs_batch.graph.ids import Indices
from recs_batch.stored_arrays import StoredFolder

Folder = Path | StoredFolder
Positions = npt.NDArray[np.int64]


class Rows(NamedTuple):
    """Row i has `targets[bounds[i] : bounds[i + 1]]`, ascending, with their `weights`."""

    bounds: Positions
    targets: Indices
    weights: Indices


class Pairs(NamedTuple):
    """What user i deals with: `targets[bounds[i] : bounds[i + 1]]`, ascending, by how many events, linked or not."""

    bounds: Positions
    targets: Indices
    events: Indices
    linked: npt.NDArray[np.bool_]


class RowsWriter:
    """Writes `Rows` or `Pairs`, block after block."""

    def __init__(self, folder: Path, name: str, **dtypes: npt.DTypeLike) -> None:
        self._writers = {part: ArrayWriter(_file(folder, name, part), dtype) for part, dtype in dtypes.items()}
        self._bounds = ArrayWriter(_file(folder, name, "bounds"), np.int64)
        self._end = 0

    def append(self, counts: Positions, *columns: npt.NDArray[Any]) -> None:
        """Write the next rows: how long each is, and their columns one behind the other."""
        ends = self._end + np.cumsum(counts)
        self._bounds.append(ends - counts)
        self._end += int(counts.sum())
        for writer, values in zip(self._writers.values(), columns, strict=True):
            writer.append(values)

    def __enter__(self) -> RowsWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bounds.append(np.array([self._end]))
        for writer in (self._bounds, *self._writers.values()):
            writer.__exit__(kind, error, trace)


def rows_writer(folder: Path, name: str) -> RowsWriter:
    """Return a writer of `Rows`."""
    return RowsWriter(folder, name, targets=np.int32, weights=np.int32)


def pairs_writer(folder: Path, name: str) -> RowsWriter:
    """Return a writer of `Pairs`."""
    return RowsWriter(folder, name, targets=np.int32, events=np.int32, linked=np.bool_)


def write_rows(folder: Path, name: str, rows: Rows) -> None:
    """Write rows that are in memory."""
    with rows_writer(folder, name) as writer:
        writer.append(np.diff(rows.bounds), rows.targets, rows.weights)


def read_rows(folder: Folder, name: str) -> Rows:
    """Map rows with weights."""
    return Rows(*(read_array(folder, f"{name}.{part}") for part in Rows._fields))


def read_pairs(folder: Folder, name: str) -> Pairs:
    """Map pairs."""
    return Pairs(*(read_array(folder, f"{name}.{part}") for part in Pairs._fields))


def write_array(folder: Path, name: str, values: npt.NDArray[Any]) -> None:
    """Write a one-dimensional array."""
    with ArrayWriter(folder / f"{name}.npy", values.dtype) as writer:
        writer.append(values)


def read_array(folder: Folder, name: str) -> npt.NDArray[Any]:
    """Map an array, or, in a bucket, return what reads the parts of it that are used."""
    if isinstance(folder, StoredFolder):
        return cast("npt.NDArray[Any]", folder.array(name))
    return map_array(folder / f"{name}.npy")


def _file(folder: Path, name: str, part: str) -> Path:
    return folder / f"{name}.{part}.npy"
