"""Compressed rows in a folder, as numpy files that the next step maps into memory."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from recs_batch.graph.arrays import ArrayWriter, map_array
from recs_batch.graph.engagement import Weighted, Weights
from recs_batch.graph.rows import Indices, Positions, Rows


class WeightedRows(NamedTuple):
    """Row i has `targets[bounds[i] : bounds[i + 1]]` with their `weights`."""

    bounds: Positions
    targets: Indices
    weights: Weights


class WeightedRowsWriter:
    """Writes weighted rows, block after block."""

    def __init__(self, folder: Path, name: str) -> None:
        dtypes = {"bounds": np.int64, "targets": np.int32, "weights": np.int32}
        self._writers = {part: ArrayWriter(_file(folder, name, part), dtype) for part, dtype in dtypes.items()}
        self._end = 0

    def append(self, block: Weighted) -> None:
        """Write the rows of the next users."""
        ends = self._end + np.cumsum(block.counts)
        starts = ends - block.counts
        self._end = int(ends[-1]) if len(ends) else self._end
        for part, values in (("bounds", starts), ("targets", block.targets), ("weights", block.weights)):
            self._writers[part].append(values)

    def __enter__(self) -> WeightedRowsWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writers["bounds"].append(np.array([self._end]))
        for writer in self._writers.values():
            writer.__exit__(kind, error, trace)


def is_there(folder: Path, name: str) -> bool:
    """Tell whether a folder has weighted rows of this name."""
    return _file(folder, name, WeightedRows._fields[0]).exists()


def read_weighted(folder: Path, name: str) -> WeightedRows:
    """Map weighted rows that a `WeightedRowsWriter` wrote."""
    return WeightedRows(*(map_array(_file(folder, name, part)) for part in WeightedRows._fields))


def write_sets(folder: Path, name: str, rows: Rows) -> None:
    """Write rows without weights, leaving out the gaps between them."""
    bounds = np.concatenate([[0], np.cumsum(rows.ends - rows.starts)])
    targets = rows.targets
    if bounds[-1] != len(targets):
        inside = np.zeros(len(targets) + 1, np.int8)
        np.add.at(inside, rows.starts, 1)
        np.add.at(inside, rows.ends, -1)
        targets = targets[np.cumsum(inside[:-1], dtype=np.int8) > 0]
    write_array(folder, f"{name}.bounds", bounds)
    write_array(folder, f"{name}.targets", targets)


def read_sets(folder: Path, name: str) -> Rows:
    """Map rows without weights."""
    bounds = map_array(_file(folder, name, "bounds"))
    return Rows(bounds[:-1], bounds[1:], map_array(_file(folder, name, "targets")), np.empty(0, np.uint16))


def write_array(folder: Path, name: str, values: npt.NDArray[Any]) -> None:
    """Write a one-dimensional array."""
    with ArrayWriter(folder / f"{name}.npy", values.dtype) as writer:
        writer.append(values)


def read_array(folder: Path, name: str) -> npt.NDArray[Any]:
    """Map an array."""
    return map_array(folder / f"{name}.npy")


def _file(folder: Path, name: str, part: str) -> Path:
    return folder / f"{name}.{part}.npy"
