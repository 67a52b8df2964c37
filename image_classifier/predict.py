"""Classification of files, one after another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from common.errors import ApplicationError, MissingInputError
from image_classifier.artifact import Artifact
from image_classifier.classifier import Answer, Classifier
from image_classifier.images import ImageError


def predict_files(paths: Sequence[Path], artifact: Artifact) -> Iterator[tuple[Path, Answer | ApplicationError]]:
    """Yield each path with its answer, or with what was wrong with the file: it is missing or no image."""
    classifier = Classifier(artifact)
    for path in paths:
        try:
            yield path, classifier.classify(path.read_bytes())
        except OSError as error:
            yield path, MissingInputError(error.strerror or str(error))
        except ImageError as error:
            yield path, error


def as_row(path: Path, answer: Answer | ApplicationError) -> tuple[str, str, str, str]:
    """Return a row for people: file, class, probability, note."""
    if isinstance(answer, ApplicationError):
        return str(path), "-", "-", str(answer)
    note = "" if answer.confident else "neither" if answer.neither else "not confident"
    return str(path), answer.label, f"{answer.probability:.3f}", note


def as_object(path: Path, answer: Answer | ApplicationError) -> dict[str, Any]:
    """Return an object for programs, with the names that the service uses."""
    if isinstance(answer, ApplicationError):
        return {"image": str(path), "problem": str(answer)}
    return {"image": str(path), "class": answer.label, **{k: v for k, v in asdict(answer).items() if k != "label"}}
