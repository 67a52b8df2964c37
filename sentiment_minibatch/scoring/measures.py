"""How good a score is: the area under the ROC curve with its interval, and the calibration error."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_BINS = 10
_RESAMPLES = 1_000

Floats = NDArray[np.float64]
Marks = NDArray[np.bool_]


class Interval(NamedTuple):
    """An estimate and its 95% interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


def roc_auc(scores: Floats, bullish: Marks) -> float:
    """Return the chance that a bullish message has a higher score than a bearish one; ties count one half."""
    order = np.sort(scores[~bullish])
    of_bullish = scores[bullish]
    below = np.searchsorted(order, of_bullish, "left") + np.searchsorted(order, of_bullish, "right")
    return float(below.mean() / 2 / order.size)


def roc_auc_interval(scores: Floats, bullish: Marks, seed: int = 1) -> Interval:
    """Return the area with its bootstrap interval over messages, resampled within each mark (Efron 1979)."""
    random = np.random.default_rng(seed)
    of_bullish, of_bearish = scores[bullish], scores[~bullish]
    both = np.zeros(bullish.size, dtype=np.bool_)
    both[: of_bullish.size] = True
    areas = [
        roc_auc(
            np.concatenate([random.choice(of_bullish, of_bullish.size), random.choice(of_bearish, of_bearish.size)]),
            both,
        )
        for _ in range(_RESAMPLES)
    ]
    low, high = np.quantile(areas, [0.025, 0.975])
    return Interval(roc_auc(scores, bullish), float(low), float(high))


def calibration_error(chances: Floats, bullish: Marks) -> float:
    """Return the expected calibration error in ten bins of equally many messages."""
    order = np.argsort(chances, kind="stable")
    gaps = [
        abs(float(chances[rows].mean() - bullish[rows].mean())) * rows.size
        for rows in np.array_split(order, _BINS)
        if rows.size
    ]
    return sum(gaps) / bullish.size


def shifted(chances: Floats, base_rate: float, to: float) -> Floats:
    """Return what chances are where the base rate is another (Saerens, Latinne & Decaestecker 2002)."""
    for_ = chances * to / base_rate
    return for_ / (for_ + (1 - chances) * (1 - to) / (1 - base_rate))
