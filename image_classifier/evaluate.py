"""Measurement of an artifact on a folder of labelled images; needs no TensorFlow."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from common.errors import DataError
from common.progress import track
from image_classifier.artifact import CLASSES, Artifact
from image_classifier.classifier import Classifier
from image_classifier.dataset import Example, read_split
from image_classifier.images import ImageError
from image_classifier.training.calibration import area_under_roc, measure


@dataclass(frozen=True)
class Evaluation:
    """Figures, and the images that were answered wrongly with their P(chart)."""

    figures: dict[str, float]
    errors: list[tuple[Example, float]]


def evaluate(artifact: Artifact, folder: Path) -> Evaluation:
    """Answer for every image in FOLDER/{chart,meme} and measure; raises `DataError` for a file that is no image.

    With a folder `neither` beside them it is also measured how well posts are told from what is neither.
    """
    classifier = Classifier(artifact)
    examples = read_split(folder)
    answers = []
    for example in track(examples, "classifying"):
        try:
            answers.append(classifier.classify(example.path.read_bytes()))
        except ImageError as error:
            raise DataError(f"{example.path}: {error}") from None
    posts = np.array([example.label in CLASSES for example in examples])
    probabilities = np.array([answer.chart_probability for answer in answers])
    charts = np.array([example.label == "chart" for example in examples])
    confident = np.array([answer.confident for answer in answers])
    errors = [
        (example, answer.chart_probability)
        for example, answer in zip(examples, answers, strict=True)
        if example.label in CLASSES and answer.label != example.label
    ]
    figures = {**measure(probabilities[posts], charts[posts]), "confident": float(np.mean(confident[posts]))}
    if not posts.all():
        familiarity = np.array([answer.familiarity for answer in answers])
        figures["neither_roc_auc"] = area_under_roc(familiarity, posts)
        figures["neither_confident"] = float(np.mean(confident[~posts]))
    return Evaluation(figures, errors)
