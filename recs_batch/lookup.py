"""Recommendations as arrays from which one user's are read by ranges: what the service maps and answers from."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from recs_batch.graph.arrays import ArrayWriter, map_array
from recs_batch.recommendations import REASONS, Recommendations

_ARRAYS = {  # user i has items[bounds[i]:bounds[i + 1]]; item j has the reasons from starts[j] to starts[j + 1]
    "users": np.int64,
    "bounds": np.int64,
    "items": np.int64,
    "scores": np.float64,
    "starts": np.int64,
    "kinds": np.int8,
    "reasons": np.int64,
    "weights": np.float64,
}
LOOKUP = tuple(f"lookup.{name}.npy" for name in _ARRAYS)
_OVERALL = REASONS.index("overall")


class LookupWriter:
    """Writes recommendations, block after block, users ascending."""

    def __init__(self, folder: Path) -> None:
        self._writers = {name: ArrayWriter(_file(folder, name), dtype) for name, dtype in _ARRAYS.items()}
        self._rows = self._reasons = 0

    def append(self, block: Recommendations) -> None:
        """Write the recommendations of the next users."""
        first = np.flatnonzero(block.rank == 1)
        columns: dict[str, npt.NDArray[Any]] = {
            "users": block.user[first],
            "bounds": self._rows + first,
            "items": block.item,
            "scores": block.score / block.unit,
            "starts": self._reasons + block.starts[:-1],
            "kinds": block.reason_kind,
            "reasons": block.reason,
            "weights": block.reason_weight / block.unit,
        }
        for name, values in columns.items():
            self._writers[name].append(values)
        self._rows += len(block.item)
        self._reasons += int(block.starts[-1])

    def __enter__(self) -> LookupWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writers["bounds"].append(np.array([self._rows]))
        self._writers["starts"].append(np.array([self._reasons]))
        for writer in self._writers.values():
            writer.__exit__(kind, error, trace)


class Lookup:
    """Maps what `LookupWriter` wrote: a user's rows are read when they are asked for."""

    def __init__(self, folder: Path) -> None:
        arrays = (map_array(_file(folder, name)) for name in _ARRAYS)
        self.users, self._bounds, self._items, self._scores, self._starts, *told = arrays
        self._kinds, self._reasons, self._weights = told

    def of(self, user: int, limit: int) -> list[dict[str, Any]]:
        """Return the best items for a user, with rank, id, score and reasons; none for who is recommended nothing."""
        place = int(np.searchsorted(self.users, user))
        if place == len(self.users) or self.users[place] != user:
            return []
        first, last = self._bounds[place : place + 2].tolist()
        last = min(last, first + limit)
        starts = self._starts[first : last + 1].tolist()
        told = slice(starts[0], starts[-1])
        kinds, ids = self._kinds[told].tolist(), self._reasons[told].tolist()
        reasons = [
            {"kind": REASONS[kind], "id": None if kind == _OVERALL else one, "weight": weight}
            for kind, one, weight in zip(kinds, ids, self._weights[told].tolist(), strict=True)
        ]
        items, scores = self._items[first:last].tolist(), self._scores[first:last].tolist()
        return [
            {
                "rank": rank + 1,
                "id": item,
                "score": score,
                "reasons": reasons[starts[rank] - starts[0] : starts[rank + 1] - starts[0]],
            }
            for rank, (item, score) in enumerate(zip(items, scores, strict=True))
        ]


def _file(folder: Path, name: str) -> Path:
    return folder / f"lookup.{name}.npy"
