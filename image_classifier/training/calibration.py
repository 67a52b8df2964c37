"""Calibration by temperature, and how well probabilities and classes hold."""

from __future__ import annotations

import numpy as np


def sigmoid(logits: np.ndarray) -> np.ndarray:
    """Return 1 / (1 + exp(-x)), without overflow."""
    return np.asarray(0.5 * (1 + np.tanh(logits / 2)))


def fit_temperature(logits: np.ndarray, charts: np.ndarray) -> float:
    """Return the temperature that minimises the log loss of sigmoid(logits / T) (Guo et al. 2017), from 0.2 to 5."""
    candidates = np.exp(np.linspace(np.log(0.2), np.log(5), 321))
    signed = np.where(charts, logits, -logits)
    return float(candidates[np.argmin([np.logaddexp(0, -signed / temperature).mean() for temperature in candidates])])


def fit_line(scores: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    """Return the slope and intercept that make scores logits of a truth of 1 or 0 (Platt 1999), both held as frequent.

    What is NaN is left out; where all are of one kind, the scores stay as they are.
    """
    told = ~np.isnan(truth)
    scores, truth = scores[told], truth[told] > 0.5
    if not truth.any() or truth.all():
        return 1.0, 0.0
    weights = np.where(truth, 0.5 / truth.sum(), 0.5 / (~truth).sum())
    rows, line = np.stack([scores, np.ones(len(scores))], axis=1), np.zeros(2)
    for _ in range(50):  # Newton's method
        probabilities = sigmoid(rows @ line)
        curvature = (rows * (weights * probabilities * (1 - probabilities))[:, None]).T @ rows
        line += np.linalg.solve(curvature + 1e-6 * np.eye(2), rows.T @ (weights * (truth - probabilities)))
    return float(line[0]), float(line[1])


def expected_calibration_error(probabilities: np.ndarray, charts: np.ndarray, bins: int = 10) -> float:
    """Return the ECE of the answered class: weighted mean |accuracy - confidence| over `bins` of [0.5, 1]."""
    confidence = np.maximum(probabilities, 1 - probabilities)
    correct = (probabilities >= 0.5) == charts
    bin_of = np.minimum(((confidence - 0.5) * 2 * bins).astype(int), bins - 1)
    gaps = [
        np.sum(bin_of == number) * abs(correct[bin_of == number].mean() - confidence[bin_of == number].mean())
        for number in np.unique(bin_of)
    ]
    return float(np.sum(gaps) / len(charts))


def measure(probabilities: np.ndarray, charts: np.ndarray) -> dict[str, float]:
    """Return accuracy, log loss, Brier score, area under the ROC curve and ECE of P(chart) against the truth."""
    clipped = probabilities.clip(1e-7, 1 - 1e-7)
    return {
        "images": len(charts),
        "accuracy": float(np.mean((probabilities >= 0.5) == charts)),
        "log_loss": float(-np.mean(np.where(charts, np.log(clipped), np.log(1 - clipped)))),
        "brier": float(np.mean((probabilities - charts) ** 2)),
        "roc_auc": area_under_roc(probabilities, charts),
        "ece": expected_calibration_error(probabilities, charts),
    }


def area_under_roc(probabilities: np.ndarray, positives: np.ndarray) -> float:
    """Return the share of (positive, negative) pairs in the right order; ties count half."""
    above, below = probabilities[positives], probabilities[~positives]
    if not len(above) or not len(below):
        return float("nan")
    return float(np.mean((above[:, None] > below[None, :]) + 0.5 * (above[:, None] == below[None, :])))
