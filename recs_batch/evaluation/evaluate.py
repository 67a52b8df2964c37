"""The filter and the baselines on one split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from common.progress import track
from recs_batch.evaluation.metrics import coverage, estimate, hits_of, novelty, per_user
from recs_batch.evaluation.split import Split, baseline_items, popularity_of, ranked_items
from recs_batch.graph.feedback import without_feedback
from recs_batch.graph.files import read_array, read_rows, write_rows
from recs_batch.graph.ids import Indices
from recs_batch.parameters import KINDS, Filter, Kind, Parameters

UNHEEDED = "filter without feedback"
METHODS = ("filter", "paths", "popularity", "random")
PATHS = Filter(rooms=1, own=1, engagement=0, popularity=0, power=1)  # what a filter does without any of its numbers


def evaluate(
    halves: Split, parameters: Parameters, scratch: Path, methods: Sequence[str] = (*METHODS, UNHEEDED)
) -> dict[Kind, dict[str, dict[str, Any]]]:
    """Return every metric of every method, for users and for rooms; `scratch` holds similarities.

    Where there are impressions or dismissals, UNHEEDED is the filter without them: the difference is what they cost.
    """
    told = {kind: len(read_rows(halves.engagement, f"feedback.{kind}").targets) for kind in KINDS}
    work = [(kind, method) for kind in KINDS for method in methods if told[kind] or method != UNHEEDED]
    results: dict[Kind, dict[str, dict[str, Any]]] = {kind: {} for kind in KINDS}
    for kind, method in track(work, "evaluate"):
        results[kind][method] = _measure(halves, kind, _items(halves, kind, method, parameters, scratch))
    return results


def held_back(halves: Split) -> str:
    """Say what the split holds back."""
    if halves.at_random:
        return "a fifth of all links at random, for they do not say when they were made"
    return f"{halves.cut + timedelta(days=1)} to {halves.day}"


def with_filter(parameters: Parameters, kind: Kind, chosen: Filter) -> Parameters:
    """Return the parameters with another filter for a kind."""
    return parameters.model_copy(update={f"filter_{kind}": chosen})


def recalls(halves: Split, kind: Kind, items: Indices) -> npt.NDArray[np.float64]:
    """Return the recall of each of the split's users."""
    return per_user(hits_of(items, halves.users[kind], halves.truth[kind]), _relevant(halves, kind))["recall"]


def _items(halves: Split, kind: Kind, method: str, parameters: Parameters, scratch: Path) -> Indices:
    if method in {"popularity", "random"}:
        return baseline_items(halves, kind, parameters, method)
    if method == UNHEEDED:
        halves, method = _without_feedback(halves, scratch / "unheeded"), "filter"
    chosen = parameters.filter_of(kind) if method == "filter" else PATHS
    return ranked_items(halves, kind, with_filter(parameters, kind, chosen), scratch)


def _without_feedback(halves: Split, folder: Path) -> Split:
    """Return the split as if nobody had been shown, or had dismissed, anything."""
    if not folder.exists():
        folder.mkdir(parents=True)
        for path in halves.engagement.iterdir():
            if not path.name.startswith("feedback."):
                (folder / path.name).symlink_to(path.resolve())
        for kind in KINDS:
            users = len(read_array(halves.engagement, "users.ids"))
            write_rows(folder, f"feedback.{kind}", without_feedback(users))
    return replace(halves, engagement=folder)


def _measure(halves: Split, kind: Kind, items: Indices) -> dict[str, Any]:
    users = halves.users[kind]
    values = per_user(hits_of(items, users, halves.truth[kind]), _relevant(halves, kind))
    active = read_array(halves.engagement, f"{kind}.active")
    measured: dict[str, Any] = {name: estimate(each)._asdict() for name, each in values.items()}
    measured["coverage"] = coverage(items, int(active.sum()))
    measured["novelty"] = novelty(items, popularity_of(halves, kind), len(read_array(halves.engagement, "users.ids")))
    measured["users"] = len(users)
    return measured


def _relevant(halves: Split, kind: Kind) -> npt.NDArray[np.int64]:
    return np.diff(halves.truth[kind].bounds)[halves.users[kind]]
