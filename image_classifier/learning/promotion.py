"""Promotion: an artifact is published only if it is no worse than the one that serves."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common.errors import DataError
from common.progress import track
from common.storage import Manifest, open_store
from image_classifier.artifact import NEITHER, SHIPPED, Artifact, load_artifact
from image_classifier.classifier import Answer, Classifier
from image_classifier.dataset import read_split
from image_classifier.images import ImageError, PostedImage
from image_classifier.learning.models import download, latest, publish_artifact
from image_classifier.learning.samples import Samples

Labelled = tuple[bytes, str]


class WorseError(DataError):
    """The candidate makes more errors than the artifact that serves."""


@dataclass(frozen=True)
class Comparison:
    """Errors of two artifacts on the same images."""

    images: int
    serving: int
    candidate: int

    def describe(self) -> dict[str, int]:
        """Return the counts by name."""
        return {"images": self.images, "errors_serving": self.serving, "errors_candidate": self.candidate}


def promote(candidate: Path, models: str, fixed: Path, feedback: str | None) -> tuple[Manifest, dict[str, Any]]:
    """Compare with the artifact that serves on a fixed folder and on reviewed images, then publish.

    Where nothing was published, the artifact that ships is what serves. Only reviewed images that no training uses are
    compared on. Raises `WorseError` when the candidate makes more errors on either.
    """
    new, old = load_artifact(candidate), _serving(models)
    judges = {"fixed": list(_fixed_images(fixed))}
    if feedback is not None:
        judges["reviewed"] = list(_reviewed_images(feedback))
    compared = {name: compare(new, old, images, name) for name, images in judges.items()}
    for name, comparison in compared.items():
        if comparison.candidate > comparison.serving:
            raise WorseError(
                f"{new.version} is not promoted: of the {comparison.images} {name} images "
                f"it gets {comparison.candidate} wrong, {old.version} {comparison.serving}"
            )
    figures = {"serving": old.version, **{name: comparison.describe() for name, comparison in compared.items()}}
    return publish_artifact(models, new, figures), figures


def compare(candidate: Artifact, serving: Artifact, images: list[Labelled], name: str) -> Comparison:
    """Count the errors of both."""
    judged = [Classifier(candidate), Classifier(serving)]
    errors = [0, 0]
    for data, label in track(images, f"comparing on {name} images"):
        for place, classifier in enumerate(judged):
            errors[place] += not is_right(classifier.classify(data), label)
    return Comparison(len(images), serving=errors[1], candidate=errors[0])


def is_right(answer: Answer, label: str) -> bool:
    """Tell whether an answer is what a person said: of what is neither, that it is; of a post, its class."""
    return answer.neither if label == NEITHER else answer.label == label


def _serving(models: str) -> Artifact:
    manifest = latest(models)
    if manifest is None:
        return load_artifact(SHIPPED)
    with tempfile.TemporaryDirectory() as scratch:
        return load_artifact(download(models, manifest, Path(scratch)))


def _fixed_images(folder: Path) -> Iterator[Labelled]:
    for example in read_split(folder):
        yield example.path.read_bytes(), example.label


def _reviewed_images(uri: str) -> Iterator[Labelled]:
    samples = Samples(open_store(uri))
    for sample in samples.all():
        if sample.reviewed and sample.held_out:
            yield samples.image(sample), samples.label(sample)


def fetch_reviewed(uri: str, folder: Path) -> int:
    """Copy the reviewed images that training may use to FOLDER/<class>/<id>.<format>; return how many."""
    samples = Samples(open_store(uri))
    chosen = [sample for sample in samples.all() if sample.reviewed and not sample.held_out]
    for sample in track(chosen, f"copying {uri}"):
        data = samples.image(sample)
        try:
            suffix = PostedImage(data).format.lower()
        except ImageError:
            continue
        place = folder / samples.label(sample)
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{sample.id}.{suffix}").write_bytes(data)
    return len(chosen)
