"""Price histories and the indicators that traders draw over them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from image_classifier.drawing.canvas import Random


@dataclass(frozen=True)
class Prices:
    """One bar per entry: prices in arbitrary units, volumes in [0, 1]."""

    opening: np.ndarray
    high: np.ndarray
    low: np.ndarray
    close: np.ndarray
    volume: np.ndarray


def random_prices(random: Random, bars: int) -> Prices:
    """Return a geometric random walk with drift, clustered volatility, jumps and, at times, a regime change."""
    volatility = random.uniform(0.006, 0.03) * np.exp(np.cumsum(random.normal(0, 0.12, bars)).clip(-1, 1))
    drift = np.where(np.arange(bars) < random.integers(bars), *random.normal(0, 0.004, 2))
    jumps = (random.random(bars) < 0.02) * random.normal(0, 0.08, bars)
    close = np.exp(np.cumsum(random.normal(0, 1, bars) * volatility + drift + jumps))
    opening = np.concatenate([close[:1], close[:-1]]) * (1 + random.normal(0, 0.3, bars) * volatility)
    reach = np.abs(random.normal(0, 0.7, (2, bars))) * volatility
    high, low = np.maximum(opening, close) * (1 + reach[0]), np.minimum(opening, close) * (1 - reach[1])
    volume = random.gamma(2.0, 1.0, bars) * (1 + 20 * np.abs(close / opening - 1))
    return Prices(opening, high, low, close, volume / volume.max())


def moving_average(series: np.ndarray, bars: int) -> np.ndarray:
    """Return the mean of the last `bars` values at every position (of fewer at the start)."""
    sums = np.concatenate([[0.0], np.cumsum(series)])
    ends = np.arange(1, len(series) + 1)
    starts = np.maximum(ends - bars, 0)
    return np.asarray((sums[ends] - sums[starts]) / (ends - starts))


def bands(series: np.ndarray, bars: int, deviations: float = 2.0) -> tuple[np.ndarray, np.ndarray]:
    """Return Bollinger bands: the moving average minus and plus so many moving standard deviations."""
    mean = moving_average(series, bars)
    deviation = np.sqrt(np.maximum(moving_average(series**2, bars) - mean**2, 0))
    return mean - deviations * deviation, mean + deviations * deviation


def oscillator(series: np.ndarray, bars: int) -> np.ndarray:
    """Return the relative strength index in [0, 100]: the share of gains among the last moves (simple averages)."""
    moves = np.diff(series, prepend=series[0])
    gains, losses = moving_average(np.maximum(moves, 0), bars), moving_average(np.maximum(-moves, 0), bars)
    return np.asarray(100 * gains / np.maximum(gains + losses, 1e-12))


def convergence(series: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the difference of a fast and a slow moving average, and its own average (MACD with simple averages)."""
    difference = moving_average(series, 12) - moving_average(series, 26)
    return difference, moving_average(difference, 9)
