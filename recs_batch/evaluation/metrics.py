"""Ranking metrics per user, and their means with bootstrap intervals over users."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from recs_batch.evaluation.split import Truth
from recs_batch.graph.ids import Indices

_RESAMPLES = 1000
Values = npt.NDArray[np.float64]


class Estimate(NamedTuple):
    """A mean over users and its 95% bootstrap interval."""

    mean: float
    low: float
    high: float


def hits_of(items: Indices, users: Indices, truth: Truth) -> npt.NDArray[np.bool_]:
    """Return which of the items recommended to each user came true."""
    most = max(int(truth.targets.max(initial=0)), int(items.max(initial=0))) + 2
    true = np.repeat(np.arange(len(truth.bounds) - 1), np.diff(truth.bounds)) * most + truth.targets
    return np.isin(users[:, None] * most + np.where(items < 0, most - 1, items), true)


def per_user(hits: npt.NDArray[np.bool_], relevant: npt.NDArray[np.int64]) -> dict[str, Values]:
    """Return recall@k, average precision@k and nDCG@k of every user (Manning et al., Information Retrieval, ch. 8)."""
    k = hits.shape[1]
    places = np.arange(1, k + 1)
    ideal = np.minimum(relevant, k)
    precision = np.cumsum(hits, axis=1) / places
    gains = 1 / np.log2(places + 1)
    return {
        "recall": hits.sum(axis=1) / relevant,
        "map": (precision * hits).sum(axis=1) / ideal,
        "ndcg": (hits * gains).sum(axis=1) / np.cumsum(gains)[ideal - 1],
    }


def estimate(values: Values, seed: int = 0) -> Estimate:
    """Return the mean and the percentile interval of 1,000 resamples of the users (Efron, 1979)."""
    if not len(values):
        return Estimate(0.0, 0.0, 0.0)
    random = np.random.default_rng(seed)
    count = len(values)
    means = [np.add.reduce(values[random.integers(count, size=count)]) / count for _ in range(_RESAMPLES)]
    low, high = np.percentile(means, [2.5, 97.5])
    return Estimate(float(values.mean()), float(low), float(high))


def coverage(items: Indices, active: int) -> float:
    """Return the share of the active items that are recommended to somebody."""
    return len(np.unique(items[items >= 0])) / max(active, 1)


def novelty(items: Indices, popularity: npt.NDArray[np.int64], users: int) -> float:
    """Return the mean self-information of the recommended items in bits (Zhou et al., PNAS 107, 2010)."""
    shown = items[items >= 0]
    return float(-np.log2(np.maximum(popularity[shown], 1) / users).mean()) if len(shown) else 0.0
