"""The pictures of a training run as features, divided into folds, and heads judged on what they did not see."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from common.logs import get_logger
from image_classifier.dataset import Example, hash_examples, read_reviewed, read_split
from image_classifier.duplicates import fingerprints, folds, group, near_duplicates
from image_classifier.training.backbone import build_backbone
from image_classifier.training.calibration import fit_line, fit_temperature, measure, sigmoid
from image_classifier.training.checkpoints import Arrays, Checkpoints
from image_classifier.training.features import Views, see
from image_classifier.training.fitting import Head, Material, Member, fit_members, mean_head
from image_classifier.training.hyperparameters import Hyperparameters
from image_classifier.training.pictures import Pictures, draw_pictures, load_pictures
from image_classifier.training.report import Judged

log = get_logger(__name__)
_FOLDS = 5
_DRAWN_VIEWS = 2


@dataclass(frozen=True)
class Split:
    """The labelled files of one folder and their pictures."""

    examples: list[Example]
    pictures: Pictures

    @property
    def charts(self) -> np.ndarray:
        """Whether each is a chart."""
        return np.asarray(self.pictures.targets[:, 0] > 0.5)

    def subset(self, chosen: np.ndarray) -> Split:
        """Return the files at the chosen positions."""
        return Split([self.examples[place] for place in chosen], self.pictures.subset(chosen))

    def judged(self, title: str, probabilities: np.ndarray) -> Judged:
        """Return the split with the answers for it, for the report."""
        names = [example.path.name for example in self.examples]
        return Judged(title, probabilities, self.charts, self.pictures.images, names)


def read_pictures(folder: Path, reviewed: Path | None = None) -> Split:
    """Read a folder with one folder per class, and reviewed images beside it, by class, as many as there are.

    Raises `MissingInputError` or `DataError` for a folder that is not fit.
    """
    examples = read_split(folder) + (read_reviewed(reviewed) if reviewed is not None else [])
    return Split(examples, load_pictures(examples, f"reading {folder.name}"))


@dataclass(frozen=True)
class CrossValidation:
    """The mean head, calibrated, and P(chart) and P(known) of each picture by the head that did not see it.

    Of what is neither a head has not seen any picture of the same kind.
    """

    head: Head
    temperature: float
    places: np.ndarray
    charts: np.ndarray
    known: np.ndarray
    figures: dict[str, Any]


@dataclass(frozen=True)
class Study:
    """The labelled files of a training run, what heads are fitted on, and where they are kept."""

    training: Split
    material: Material
    checkpoints: Checkpoints

    def cross_validate(self, chosen: Hyperparameters) -> CrossValidation:
        """Fit the members, and calibrate and measure them on the pictures that each did not see."""
        members = list(fit_members(self.material, chosen, self.checkpoints))
        places = np.concatenate([member.held_out for member in members])
        parts = np.concatenate([member.parts for member in members])
        posts, truth = self.training.pictures.posts[places], self.training.charts[places]
        temperature = fit_temperature(parts[posts, 0], truth[posts])
        charts = sigmoid(parts[:, 0] / temperature)
        targets = self.training.pictures.targets[places]
        lines = np.array([fit_line(parts[:, column], targets[:, column]) for column in (1, 2)])
        known = sigmoid((parts[:, 1:] * lines[:, 0] + lines[:, 1]).min(axis=1))
        accuracies = [self._accuracy(member) for member in members]
        folds_figures = {"mean_fold_accuracy": float(np.mean(accuracies)), "fold_accuracies": accuracies}
        figures = {**measure(charts[posts], truth[posts]), **folds_figures}
        head = mean_head(members).calibrated(temperature, lines)
        return CrossValidation(head, temperature, places, charts, known, figures)

    def _accuracy(self, member: Member) -> float:
        posts = self.training.pictures.posts[member.held_out]
        right = (member.parts[:, 0] > 0) == self.training.charts[member.held_out]
        return float(np.mean(right[posts]))


def prepare(training: Split, chosen: Hyperparameters, checkpoints: Checkpoints) -> Study:
    """Show the real pictures and drawn ones to the backbone, and divide the real ones into folds.

    Near-duplicates share a fold, and so do all pictures of one kind that is neither. Raises `ConfigurationError` where
    the backbone's weights are not installed.
    """
    tf.config.experimental.enable_op_determinism()
    pictures = training.pictures
    fold_of = _divide(training, max(_FOLDS, chosen.members), chosen.seed)
    data_hash = hash_examples(training.examples)
    backbone = cache(lambda: build_backbone(chosen.side))

    def real() -> Arrays:
        return _arrays(see(backbone(), pictures, 1, chosen.seed, "looking at the images"))

    def posts() -> Arrays:
        shown = pictures.subset(np.flatnonzero(pictures.posts))
        return _arrays(see(backbone(), shown, chosen.views, chosen.seed, "looking at variants of the posts"))

    def drawn() -> Arrays:
        counts = {"chart": chosen.drawn, "meme": chosen.drawn, "neither": chosen.neither}
        drawings = draw_pictures(counts, chosen.seed)
        return _arrays(see(backbone(), drawings, _DRAWN_VIEWS, chosen.seed + 1, "looking at the drawn images"))

    material = Material(
        Views(**checkpoints.get("real", f"{data_hash} {chosen.sight}", real)),
        Views(**checkpoints.get("posts", f"{data_hash} {chosen.sight}", posts)),
        Views(**checkpoints.get("drawn", chosen.sight, drawn)),
        fold_of,
        data_hash,
    )
    return Study(training, material, checkpoints)


def _divide(training: Split, count: int, seed: int) -> np.ndarray:
    groups = group(len(training.examples), near_duplicates(fingerprints(training.pictures.images)))
    kinds = [example.kind for example in training.examples]
    first_of = {kind: kinds.index(kind) for kind in kinds if kind}
    groups = np.array([first_of.get(kind, own) for kind, own in zip(kinds, groups, strict=True)])
    labels = np.array([example.label for example in training.examples])
    return folds(groups, labels, count, seed)


def _arrays(views: Views) -> Arrays:
    return {"features": views.features, "targets": views.targets}
