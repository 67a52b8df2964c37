"""Training from a folder to an artifact."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from common.logs import get_logger
from image_classifier.artifact import Artifact, save_artifact
from image_classifier.classifier import Classifier
from image_classifier.dataset import Example, hash_examples, read_split
from image_classifier.duplicates import fingerprints, folds, group, near_duplicates
from image_classifier.statistics import reference_histograms
from image_classifier.training.batches import Pictures, draw_pictures, load_pictures
from image_classifier.training.calibration import fit_temperature, measure, sigmoid
from image_classifier.training.checkpoints import Checkpoints
from image_classifier.training.export import to_litert
from image_classifier.training.fitting import Member, fit_members
from image_classifier.training.hyperparameters import Hyperparameters
from image_classifier.training.network import build_network, join_members
from image_classifier.training.provenance import provenance
from image_classifier.training.report import Judged, write_report

log = get_logger(__name__)
_FOLDS = 5
_CERTAINTY = 0.8
_UNFAMILIAR_SHARE = 0.01  # of real images, by cross-validation, that may come back as out of distribution


@dataclass(frozen=True)
class Split:
    """The labelled files of one folder and their pictures."""

    examples: list[Example]
    pictures: Pictures

    @property
    def charts(self) -> np.ndarray:
        """Whether each is a chart."""
        return np.asarray(self.pictures.targets[:, 0] > 0.5)

    def judged(self, title: str, probabilities: np.ndarray) -> Judged:
        """Return the split with the answers for it, for the report."""
        names = [example.path.name for example in self.examples]
        return Judged(title, probabilities, self.charts, self.pictures.images, names)


def train(
    data: Path, output: Path, chosen: Hyperparameters, checkpoints: Path | None = None, report: Path | None = None
) -> Artifact:
    """Fit the members on DIR/train and drawn pictures, calibrate on what each did not see, judge on DIR/val.

    Writes the artifact and, if asked, report.html. Raises `MissingInputError` or `DataError` for data that is not fit.
    """
    training, val = _read(data / "train"), _read(data / "val")
    _say_duplicates(training, val)
    data_hash = hash_examples(training.examples)
    members = _fit(training, chosen, Checkpoints(checkpoints, data_hash, chosen))
    logits = _held_out_logits(members, len(training.examples))
    seen = ~np.isnan(logits[:, 0])
    temperature = fit_temperature(logits[seen, 0], training.charts[seen])
    cross_validated = sigmoid(logits[:, 0] / temperature)
    model = _exported(members, chosen, temperature)
    description: dict[str, Any] = {
        "preprocessing": {"side": chosen.side, "fill": [255, 255, 255], "resample": "bilinear"},
        "confidence": {
            "familiarity": float(np.quantile(sigmoid(logits[seen, 1]), _UNFAMILIAR_SHARE)),
            "certainty": _CERTAINTY,
        },
        "calibration": {"method": "temperature", "temperature": temperature},
        "metrics": {"cross_validation": _fold_figures(members, training, cross_validated[seen], seen)},
        "hyperparameters": chosen.model_dump(),
        "provenance": provenance(data_hash),
        "reference": reference_histograms(training.pictures.arrays(chosen.side)),
    }
    artifact = save_artifact(output, model, description)
    answers = _answers(artifact, val.pictures)
    description["metrics"]["val"] = measure(answers, val.charts)
    log.info("measured", cross_validation=description["metrics"]["cross_validation"], val=description["metrics"]["val"])
    if report is not None:
        held_out = _subset(training, np.flatnonzero(seen))
        sets = [held_out.judged("cross_validation", cross_validated[seen]), val.judged("val", answers)]
        write_report(report, description, sets)
    return save_artifact(output, model, description)


def cross_validate(data: Path, chosen: Hyperparameters) -> dict[str, Any]:
    """Fit the members and return the figures on the pictures that each did not see."""
    training = _read(data / "train")
    members = _fit(training, chosen, Checkpoints(None, "", chosen))
    logits = _held_out_logits(members, len(training.examples))
    seen = ~np.isnan(logits[:, 0])
    return _fold_figures(members, training, sigmoid(logits[seen, 0]), seen)


def _read(folder: Path) -> Split:
    examples = read_split(folder)
    return Split(examples, load_pictures(examples, f"reading {folder.name}"))


def _subset(split: Split, chosen: np.ndarray) -> Split:
    return Split([split.examples[place] for place in chosen], split.pictures.subset(chosen))


def _say_duplicates(training: Split, val: Split) -> None:
    count = len(training.examples)
    pairs = near_duplicates(fingerprints(training.pictures.images + val.pictures.images))
    across = [(training.examples[a].path.name, val.examples[b - count].path.name) for a, b in pairs if a < count <= b]
    inside = sum(b < count for _, b in pairs)
    log.info("near-duplicates", inside_train=inside, inside_val=len(pairs) - inside - len(across), across=len(across))
    for train_name, val_name in across[:10]:
        log.warning("val has a near-duplicate of a training image", train=train_name, val=val_name)


def _fit(training: Split, chosen: Hyperparameters, checkpoints: Checkpoints) -> list[Member]:
    tf.config.experimental.enable_op_determinism()
    counts = {"chart": chosen.drawn, "meme": chosen.drawn, "neither": chosen.neither}
    draw = cache(lambda: draw_pictures(counts, chosen.seed))
    pictures = training.pictures
    groups = group(len(pictures.images), near_duplicates(fingerprints(pictures.images)))
    fold_of = folds(groups, pictures.targets[:, 0], max(_FOLDS, chosen.members), chosen.seed)
    return list(fit_members(pictures, draw, fold_of, chosen, checkpoints))


def _held_out_logits(members: list[Member], count: int) -> np.ndarray:
    """Return the logits (n, 2) by the member that did not see each picture; NaN where every member saw it."""
    logits = np.full((count, 2), np.nan)
    for member in members:
        logits[member.held_out] = member.logits
    return logits


def _fold_figures(
    members: list[Member], training: Split, probabilities: np.ndarray, seen: np.ndarray
) -> dict[str, Any]:
    accuracies = [float(np.mean((member.logits[:, 0] > 0) == training.charts[member.held_out])) for member in members]
    figures = measure(probabilities, training.charts[seen])
    return {**figures, "mean_fold_accuracy": float(np.mean(accuracies)), "fold_accuracies": accuracies}


def _exported(members: list[Member], chosen: Hyperparameters, temperature: float) -> bytes:
    """Join and convert the members, built anew: Keras numbers layers by the session, and the file has their names."""
    weights = [member.network.get_weights() for member in members]
    keras.utils.clear_session()
    networks = [build_network(chosen.side, chosen.width, chosen.dropout) for _ in weights]
    for network, values in zip(networks, weights, strict=True):
        network.set_weights(values)
    return to_litert(join_members(networks, chosen.side, temperature))


def _answers(artifact: Artifact, pictures: Pictures) -> np.ndarray:
    classifier = Classifier(artifact)
    return np.array([float(classifier.probabilities(pixels)[0]) for pixels in pictures.arrays(artifact.side)])
