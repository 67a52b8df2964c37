"""A publication of any size, filled at random, in the form that a night leaves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from common.storage import Store, publish
from recs_batch.graph.files import pairs_writer, rows_writer, write_array
from recs_batch.graph.found import MOST_REASONS
from recs_batch.graph.steps import UNIT
from recs_batch.lookup import LookupWriter
from recs_batch.parameters import KINDS, Kind, Parameters
from recs_batch.publishing import PREFIX
from recs_batch.recommendations import Recommendations

TOP, REASONS, SIMILAR, LINKS = 5, 12, 100, 45
_AT_ONCE = 50_000
Ints = npt.NDArray[np.int64]


def write_publication(store: Store, users: int, scratch: Path) -> str:
    """Publish and return the publication's name."""
    random, counts = np.random.default_rng(0), {"users": users, "rooms": max(users // 50, 500)}
    run = "dt=2026-10-31/run=0000000000000000"
    folders = {name: scratch / name for name in ("model=engagement", *_folders("kind"), *_folders("model=filter"))}
    for folder in folders.values():
        folder.mkdir()
    _write_engagement(folders["model=engagement"], counts)
    for kind in KINDS:
        _write_filter(random, folders[f"model=filter-{kind}"], counts, kind)
        with LookupWriter(folders[f"kind={kind}"]) as writer:
            for first in range(0, users, _AT_ONCE):
                writer.append(_block(random, first, min(first + _AT_ONCE, users), counts[kind], users))
    files: dict[str, bytes | Path] = {
        f"{name}/{run}/{path.name}": path for name, folder in folders.items() for path in folder.iterdir()
    }
    metadata = {"night": "0" * 16, "date": "2026-10-31", "parameters": Parameters().model_dump(), "counts": {}}
    publish(store, PREFIX, run, files, metadata)
    return run


def _folders(prefix: str) -> list[str]:
    return [f"{prefix}{'=' if prefix == 'kind' else '-'}{kind}" for kind in KINDS]


def _block(random: np.random.Generator, first: int, last: int, items: int, users: int) -> Recommendations:
    rows = (last - first) * TOP
    lengths = random.integers(REASONS - 3, MOST_REASONS + 1, rows)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    told = int(starts[-1])
    return Recommendations(
        user=np.repeat(np.arange(first, last) + 1, TOP),
        rank=np.tile(np.arange(1, TOP + 1, dtype=np.int32), last - first),
        item=random.integers(1, items + 1, rows),
        score=random.integers(1, 1 << 34, rows),
        starts=starts,
        reason_kind=random.integers(0, 2, told).astype(np.int8),
        reason=random.integers(1, users + 1, told),
        reason_weight=random.integers(1, 1 << 31, told),
        unit=UNIT,
    )


def _write_engagement(folder: Path, counts: dict[str, int]) -> None:
    nothing: list[npt.NDArray[Any]] = [np.empty(0, np.int32)] * 3
    for side, count in counts.items():
        write_array(folder, f"{side}.ids", np.arange(1, count + 1))
        write_array(folder, f"{side}.active", np.ones(count, np.bool_))
        with pairs_writer(folder, side) as pairs, rows_writer(folder, f"feedback.{side}") as feedback:
            pairs.append(np.zeros(counts["users"], np.int64), *nothing)
            feedback.append(np.zeros(counts["users"], np.int64), *nothing[:2])
    with rows_writer(folder, "blocked") as blocked:
        blocked.append(np.zeros(counts["users"], np.int64), *nothing[:2])


def _write_filter(random: np.random.Generator, folder: Path, counts: dict[str, int], kind: Kind) -> None:
    nothing = [np.empty(0, np.int32)] * 2
    items = counts[kind]
    for side, count in counts.items():
        with rows_writer(folder, f"links.{side}") as links:
            links.append(np.zeros(counts["users"], np.int64), *nothing)
        with rows_writer(folder, side) as rows:
            for first in range(0, count, _AT_ONCE):
                block = min(_AT_ONCE, count - first)
                step = random.integers(1, max(items // SIMILAR, 2), (block, SIMILAR))  # ascending without sorting
                targets = np.minimum(np.cumsum(step, axis=1), items) - 1
                rows.append(np.full(block, SIMILAR), targets.ravel(), random.integers(1, 1 << 20, targets.size))
    write_array(folder, "popular.items", np.arange(min(items, 10_000), dtype=np.int32))
    write_array(folder, "popular.counts", np.arange(min(items, 10_000), 0, -1))
