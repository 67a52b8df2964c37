"""Classification of files, one after another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from image_classifier.artifact import Artifact
from image_classifier.classifier import Answer, Classifier
from image_classifier.images import ImageError


def predict_files(paths: Sequence[Path], artifact: Artifact) -> Iterator[tuple[Path, Answer | None, str]]:
    """Yield each path with its answer, or with None and what was wrong with the file."""
    classifier = Classifier(artifact)
    for path in paths:
        try:
            yield path, classifier.classify(path.read_bytes()), ""
        except OSError as error:
            yield path, None, error.strerror or str(error)
        except ImageError as error:
            yield path, None, str(error)
