"""Plain statistics of what the model sees, their histograms in training, and how far today's images drift from them."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from image_classifier.preprocessing import Pixels

BINS = 10
Histogram = dict[str, list[float]]


def image_statistics(pixels: Pixels) -> dict[str, float]:
    """Return brightness, contrast, edge density and colourfulness of a preprocessed image, each from 0 to 255."""
    grey = pixels[..., 1].astype(np.int16)
    edges = np.abs(np.diff(grey, axis=1)).mean()
    colour = np.abs(pixels[..., 0].astype(np.int16) - pixels[..., 2]).mean()
    return {
        "brightness": float(grey.mean()),
        "contrast": float(grey.std()),
        "edges": float(edges),
        "colourfulness": float(colour),
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
    return int(np.searchsorted(edges, value, side="right"))


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
