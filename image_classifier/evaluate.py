"""Measurement of an artifact on a folder of labelled images; needs no TensorFlow."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from common.errors import DataError
from common.progress import track
from image_classifier.artifact import Artifact
from image_classifier.classifier import Classifier
from image_classifier.dataset import Example, read_split
from image_classifier.images import ImageError
from image_classifier.training.calibration import measure


@dataclass(frozen=True)
class Evaluation:
    """Figures, and the images that were answered wrongly with their P(chart)."""

    figures: dict[str, float]
    errors: list[tuple[Example, float]]


def evaluate(artifact: Artifact, folder: Path) -> Evaluation:
    """Answer for every image in FOLDER/{chart,meme} and measure; raises `DataError` for a file that is no image."""
    classifier = Classifier(artifact)
    examples = read_split(folder)
    answers = []
    for example in track(examples, "classifying"):
        try:
            answers.append(classifier.classify(example.path.read_bytes()))
        except ImageError as error:
            raise DataError(f"{example.path}: {error}") from None
    probabilities = np.array([answer.chart_probability for answer in answers])
    charts = np.array([example.label == "chart" for example in examples])
    errors = [
        (example, answer.chart_probability)
        for example, answer in zip(examples, answers, strict=True)
        if answer.label != example.label
    ]
    confident = float(np.mean([answer.confident for answer in answers]))
    return Evaluation({**measure(probabilities, charts), "confident": confident}, errors)
