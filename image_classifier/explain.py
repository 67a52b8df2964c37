"""Which parts of an image made the answer: an occlusion map (Zeiler and Fergus 2014)."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from PIL import Image

from image_classifier.classifier import Answer, Classifier
from image_classifier.preprocessing import Pixels

CELLS = 8


def occlusion_map(classifier: Classifier, pixels: Pixels) -> tuple[Answer, np.ndarray]:
    """Return the answer and, for each of CELLS x CELLS parts of the image, how many logits hiding it costs the answer.

    A hidden part is painted in the image's mean colour. Positive: the part speaks for the answer; float64.
    """
    answer = classifier.answer(pixels)
    sign = 1.0 if answer.label == "chart" else -1.0
    before = _logit(answer.chart_probability)
    edges = np.linspace(0, pixels.shape[0], CELLS + 1).astype(int)
    mean = pixels.reshape(-1, 3).mean(axis=0).astype(np.uint8)
    costs = np.zeros((CELLS, CELLS))
    for row in range(CELLS):
        for column in range(CELLS):
            hidden = pixels.copy()
            hidden[edges[row] : edges[row + 1], edges[column] : edges[column + 1]] = mean
            costs[row, column] = sign * (before - _logit(float(classifier.probabilities(hidden)[0])))
    return answer, costs


def render_map(pixels: Pixels, costs: np.ndarray, side: int = 448) -> bytes:
    """Return a PNG: the image in grey, what speaks for the answer in orange, what speaks against it in blue."""
    strength = costs / max(float(np.abs(costs).max()), 1e-6)
    smooth = np.asarray(Image.fromarray(strength.astype(np.float32)).resize((side, side), Image.Resampling.BICUBIC))
    grey = np.asarray(Image.fromarray(pixels).convert("L").resize((side, side)), np.float32)[..., None]
    tint = np.where(smooth[..., None] > 0, np.array([255.0, 120.0, 0.0]), np.array([0.0, 90.0, 255.0]))
    share = 0.75 * np.abs(smooth[..., None]).clip(0, 1)
    file = BytesIO()
    Image.fromarray((grey * (1 - share) + tint * share).clip(0, 255).astype(np.uint8)).save(file, "PNG")
    return file.getvalue()


def _logit(probability: float) -> float:
    bounded = min(max(probability, 1e-7), 1 - 1e-7)
    return float(np.log(bounded / (1 - bounded)))
