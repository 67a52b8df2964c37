"""Training from a folder to an artifact."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from common.logs import get_logger
from image_classifier.artifact import Artifact, save_artifact
from image_classifier.classifier import Classifier
from image_classifier.duplicates import fingerprints, near_duplicates
from image_classifier.statistics import reference_histograms
from image_classifier.training.calibration import area_under_roc, measure
from image_classifier.training.checkpoints import Checkpoints
from image_classifier.training.export import join, to_litert
from image_classifier.training.hyperparameters import Hyperparameters
from image_classifier.training.pictures import Pictures
from image_classifier.training.provenance import provenance
from image_classifier.training.report import write_report
from image_classifier.training.study import CrossValidation, Split, prepare, read_pictures

log = get_logger(__name__)
_CERTAINTY = 0.8
_UNFAMILIAR_SHARE = 0.05  # of real posts, by cross-validation, that may come back as neither


def train(
    data: Path,
    output: Path,
    chosen: Hyperparameters,
    *,
    checkpoints: Path | None = None,
    report: Path | None = None,
    reviewed: Path | None = None,
) -> Artifact:
    """Fit the members on DIR/train and drawn pictures, calibrate on what each did not see, judge on DIR/val.

    Reviewed images, a folder by class, are trained on too. Writes the artifact and, if asked, report.html. Raises
    `MissingInputError` or `DataError` for data that is not fit and `ConfigurationError` where the backbone's weights
    are not installed.
    """
    training, val = read_pictures(data / "train", reviewed), read_pictures(data / "val")
    val = val.subset(np.flatnonzero(val.pictures.posts))
    _say_duplicates(training, val)
    study = prepare(training, chosen, Checkpoints(checkpoints))
    judged = study.cross_validate(chosen)
    posts = training.pictures.posts[judged.places]
    threshold = float(np.quantile(judged.known[posts], _UNFAMILIAR_SHARE))
    model = to_litert(join(chosen.side, judged.head))
    description: dict[str, Any] = {
        "preprocessing": {"side": chosen.side, "fill": [255, 255, 255], "resample": "bilinear"},
        "confidence": {
            "familiarity": threshold,
            "certainty": _CERTAINTY,
        },
        "calibration": {"method": "temperature", "temperature": judged.temperature},
        "metrics": {"cross_validation": judged.figures},
        "hyperparameters": chosen.model_dump(),
        "provenance": provenance(study.material.data_hash),
        "reference": reference_histograms(
            training.pictures.subset(np.flatnonzero(training.pictures.posts)).arrays(chosen.side)
        ),
    }
    if not posts.all():
        description["metrics"]["neither"] = _neither_figures(training, judged, threshold)
    artifact = save_artifact(output, model, description)
    answers = _answers(artifact, val.pictures)
    description["metrics"]["val"] = measure(answers, val.charts)
    log.info("measured", cross_validation=judged.figures, val=description["metrics"]["val"])
    if report is not None:
        unseen = training.subset(judged.places[posts]).judged("cross_validation", judged.charts[posts])
        write_report(report, description, [unseen, val.judged("val", answers)])
    return save_artifact(output, model, description)


def _neither_figures(training: Split, judged: CrossValidation, threshold: float) -> dict[str, Any]:
    """Return how well posts are told from the rest, and what share of each kind of the rest is answered surely."""
    posts = training.pictures.posts[judged.places]
    certain = np.maximum(judged.charts, 1 - judged.charts) >= _CERTAINTY
    sure = certain & (judged.known >= threshold)
    # Of many kinds whose names begin alike (photographs-web-…), the mean is told.
    kinds = np.array(["-".join(training.examples[place].kind.split("-")[:2]) for place in judged.places])
    return {
        "images": int(np.sum(~posts)),
        "roc_auc": area_under_roc(judged.known, posts),
        "sure_of_posts": float(np.mean(sure[posts])),
        "sure_of_others": float(np.mean(sure[~posts])),
        "images_by_kind": {str(kind): int(np.sum(kinds == kind)) for kind in np.unique(kinds[~posts])},
        "sure_by_kind": {str(kind): float(np.mean(sure[kinds == kind])) for kind in np.unique(kinds[~posts])},
    }


def _say_duplicates(training: Split, val: Split) -> None:
    count = len(training.examples)
    pairs = near_duplicates(fingerprints(training.pictures.images + val.pictures.images))
    across = [(training.examples[a].path.name, val.examples[b - count].path.name) for a, b in pairs if a < count <= b]
    inside = sum(b < count for _, b in pairs)
    log.info("near-duplicates", inside_train=inside, inside_val=len(pairs) - inside - len(across), across=len(across))
    for train_name, val_name in across[:10]:
        log.warning("val has a near-duplicate of a training image", train=train_name, val=val_name)


def _answers(artifact: Artifact, pictures: Pictures) -> np.ndarray:
    classifier = Classifier(artifact)
    return np.array([float(classifier.probabilities(pixels)[0]) for pixels in pictures.arrays(artifact.side)])
