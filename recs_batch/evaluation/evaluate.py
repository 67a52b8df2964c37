"""Every scorer and baseline on one split, and the weights of the blend fitted on an earlier one."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np

from common.progress import track
from recs_batch.evaluation.metrics import coverage, estimate, hits_of, novelty, per_user
from recs_batch.evaluation.split import Split, baseline_items, popularity_of, ranked_items, split
from recs_batch.graph.inputs import Inputs
from recs_batch.graph.rows import Indices
from recs_batch.parameters import KINDS, Blend, Kind, Parameters

METHODS = ("blend", "follows", "closest", "popularity", "random")
_SHARES = (0.0, 0.03, 0.12, 0.25, 0.5, 1.0)
_FITTED: dict[Kind, tuple[str, ...]] = {  # beside the source that counts 1
    "users": ("followers", "closest", "rooms", "community"),
    "rooms": ("follows", "closest", "community"),
}


def method_of(parameters: Parameters) -> str:
    """Return the name under which the report has what these parameters do."""
    return "blend" if parameters.scorer == "blend" else parameters.second_hop


def evaluate(halves: Split, parameters: Parameters) -> dict[Kind, dict[str, dict[str, Any]]]:
    """Return every metric of every method, for users and for rooms."""
    work = [(kind, method) for kind in KINDS for method in METHODS]
    results: dict[Kind, dict[str, dict[str, Any]]] = {kind: {} for kind in KINDS}
    for kind, method in track(work, "evaluate"):
        results[kind][method] = _measure(halves, kind, _items(halves, kind, method, parameters))
    return results


def fit(last: Split, parameters: Parameters, scratch: Path) -> Parameters:
    """Return the parameters with the blend fitted by coordinate ascent on recall, on an earlier split.

    It holds back the period before the split's, or a fifth of what that knew: so what `evaluate` reports on has not
    been seen.
    """
    earlier = split(last.tables, last.cut, max((last.day - last.cut).days, 1), parameters, scratch, seed=1)
    for kind in KINDS:
        for _ in range(2):
            for name in _FITTED[kind]:
                tried = [(_recall(earlier, kind, _with(parameters, kind, name, value)), value) for value in _SHARES]
                best = max(tried, key=lambda one: one[0])
                parameters = _with(parameters, kind, name, best[1])
    return parameters


def held_back(halves: Split) -> str:
    """Say what the split holds back."""
    if halves.at_random:
        return "a fifth of all links at random, for they do not say when they were made"
    return f"{halves.cut + timedelta(days=1)} to {halves.day}"


def _with(parameters: Parameters, kind: Kind, name: str, value: float) -> Parameters:
    blend: Blend = getattr(parameters, f"blend_{kind}").model_copy(update={name: value})
    return parameters.model_copy(update={f"blend_{kind}": blend, "scorer": "blend"})


def _recall(halves: Split, kind: Kind, parameters: Parameters) -> float:
    items = ranked_items(halves, kind, parameters)
    return float(
        per_user(hits_of(items, halves.users[kind], halves.truth[kind]), _relevant(halves, kind))["recall"].mean()
    )


def _items(halves: Split, kind: Kind, method: str, parameters: Parameters) -> Indices:
    if method in {"popularity", "random"}:
        return baseline_items(halves, kind, parameters, method)
    changes = {"scorer": "blend"} if method == "blend" else {"scorer": "count", "second_hop": method}
    return ranked_items(halves, kind, parameters.model_copy(update=changes))


def _measure(halves: Split, kind: Kind, items: Indices) -> dict[str, Any]:
    users = halves.users[kind]
    values = per_user(hits_of(items, users, halves.truth[kind]), _relevant(halves, kind))
    inputs = Inputs.read(*halves.folders, kind)
    measured: dict[str, Any] = {name: estimate(each)._asdict() for name, each in values.items()}
    measured["coverage"] = coverage(items, int(inputs.items_active.sum()))
    measured["novelty"] = novelty(items, popularity_of(halves, kind), len(inputs.user_ids))
    measured["users"] = len(users)
    return measured


def _relevant(halves: Split, kind: Kind) -> np.ndarray[Any, np.dtype[np.int64]]:
    truth, users = halves.truth[kind], halves.users[kind]
    counts: np.ndarray[Any, np.dtype[np.int64]] = truth.ends[users] - truth.starts[users]
    return counts
