"""From an artifact's folder to what answers, with what LiteRT says of it in the log."""

from __future__ import annotations

from pathlib import Path

from image_classifier.artifact import load_artifact
from image_classifier.classifier import Classifier
from image_classifier.serving.logs import standard_error_as_log


def load_classifier(directory: Path) -> Classifier:
    """Load an artifact's model. Raises `MissingInputError` or `DataError` for an unfit artifact."""
    artifact = load_artifact(directory)
    with standard_error_as_log():
        return Classifier(artifact)
