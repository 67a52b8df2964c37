"""Fitting of the heads on the backbone's features, each without one fold of the real pictures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import keras
import numpy as np

from common.logs import get_logger
from image_classifier.training.checkpoints import Arrays, Checkpoints
from image_classifier.training.features import Views
from image_classifier.training.hyperparameters import Hyperparameters

log = get_logger(__name__)
_PARTS = [(name, part) for name in ("chart", "known") for part in ("kernel", "bias")]


@dataclass(frozen=True)
class Layer:
    """A linear function of features."""

    kernel: np.ndarray
    bias: np.ndarray

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """Return its values, shape (n, units)."""
        return np.asarray(features @ self.kernel + self.bias)


@dataclass(frozen=True)
class Head:
    """Logits for chart and for known, linear in the features; kernels are of (channels, 1) and (channels, 2).

    Known is the smaller of two: how unlike a post is to photographs of something else, and to all other strangers.
    One in ten real posts is hardly to be told from such photographs, and that must not decide about pages and signs.
    """

    chart: Layer
    known: Layer

    def parts(self, features: np.ndarray) -> np.ndarray:
        """Return the logit for chart and both of known, shape (n, 3)."""
        return np.concatenate([self.chart(features), self.known(features)], axis=1)

    def logits(self, features: np.ndarray) -> np.ndarray:
        """Return the logits for chart and for known, shape (n, 2)."""
        parts = self.parts(features)
        return np.stack([parts[:, 0], parts[:, 1:].min(axis=1)], axis=1)

    def calibrated(self, temperature: float, lines: np.ndarray) -> Head:
        """Return the head with its logit for chart divided by the temperature, and those for known put through lines.

        Lines are of shape (2, 2): a slope and an intercept for each.
        """
        slopes, intercepts = lines.T
        chart = Layer(self.chart.kernel / temperature, self.chart.bias / temperature)
        return Head(chart, Layer(self.known.kernel * slopes, self.known.bias * slopes + intercepts))


@dataclass(frozen=True)
class Member:
    """A fitted head, and its three logits for the pictures, as they are, that it did not see."""

    head: Head
    held_out: np.ndarray
    parts: np.ndarray


def mean_head(members: list[Member]) -> Head:
    """Return the one head whose logits are the means of the members'."""
    chart, known = (
        Layer(np.mean([layer.kernel for layer in layers], axis=0), np.mean([layer.bias for layer in layers], axis=0))
        for layers in ([member.head.chart for member in members], [member.head.known for member in members])
    )
    return Head(chart, known)


@dataclass(frozen=True)
class Material:
    """Real pictures as they are; posts among them, and drawn ones, with variants; folds and a hash of the real ones."""

    real: Views
    posts: Views
    drawn: Views
    fold_of: np.ndarray
    data_hash: str

    def without(self, fold: int) -> Material:
        """Return the material without the real pictures of one fold."""
        rest = self.fold_of != fold
        posts = self.real.are_posts
        left = (self.real.subset(np.flatnonzero(rest)), self.posts.subset(np.flatnonzero(rest[posts])))
        return Material(*left, self.drawn, self.fold_of[rest], self.data_hash)


def fit_members(material: Material, chosen: Hyperparameters, checkpoints: Checkpoints) -> Iterator[Member]:
    """Fit one head per fold on drawn pictures and the real ones outside the fold; yield each when it is done."""
    real = material.real
    for number in range(chosen.members):
        held_out = np.flatnonzero(material.fold_of == number)
        seen = material.without(number)

        def fit(number: int = number, seen: Material = seen) -> Arrays:
            log.info("fitting", member=number + 1, of=chosen.members, images=len(seen.fold_of))
            head = fit_head(seen, chosen, chosen.seed + number)
            return {f"{name}_{part}": getattr(getattr(head, name), part) for name, part in _PARTS}

        identity = f"{material.data_hash} {chosen.model_dump_json()}"
        kept = checkpoints.get(f"member{number}", identity, fit)
        head = Head(*(Layer(kept[f"{name}_kernel"], kept[f"{name}_bias"]) for name in ("chart", "known")))
        parts = head.parts(real.features[held_out, 0])
        log.info("fitted", member=number + 1, held_out=len(held_out))
        yield Member(head, held_out, parts)


def fit_head(material: Material, chosen: Hyperparameters, seed: int) -> Head:
    """Fit one head: P(chart) on posts and their variants, both of known on posts as they are and on strangers.

    Drawn posts and variants say nothing of what is known: with them, fewer photographs and pages are told.
    """
    drawn = material.drawn.subset(np.flatnonzero(material.drawn.are_posts))
    features, targets = (np.concatenate(rows) for rows in zip(material.posts.rows(), drawn.rows(), strict=True))
    chart = fit_chart(features, targets[:, 0], chosen, seed)
    strangers = material.drawn.subset(np.flatnonzero(~material.drawn.are_posts))
    features = np.concatenate([material.real.features[:, 0], strangers.features[:, 0]])
    targets = np.concatenate([material.real.targets, strangers.targets])
    known = [fit_known(features, targets[:, column], chosen.penalty) for column in (1, 2)]
    return Head(chart, Layer(np.stack([k.kernel for k in known], axis=1), np.array([k.bias for k in known])))


def fit_chart(features: np.ndarray, charts: np.ndarray, chosen: Hyperparameters, seed: int) -> Layer:
    """Fit a logistic regression with AdamW on a cosine schedule, or until the training loss stops falling.

    The pictures that judge the head never decide when it stops.
    """
    mean, deviation = features.mean(axis=0), features.std(axis=0) + 1e-3
    keras.utils.set_random_seed(seed)
    chart = keras.layers.Dense(1)
    network = keras.Sequential([keras.Input(features.shape[1:]), keras.layers.Dropout(chosen.dropout), chart])
    steps = -(-len(features) // chosen.batch) * chosen.epochs
    schedule = keras.optimizers.schedules.CosineDecay(chosen.learning_rate, steps, alpha=0.01)
    network.compile(
        optimizer=keras.optimizers.AdamW(schedule, weight_decay=chosen.weight_decay),
        loss=keras.losses.BinaryCrossentropy(from_logits=True),
    )
    stopping = keras.callbacks.EarlyStopping(monitor="loss", patience=chosen.patience)
    network.fit(
        (features - mean) / deviation,
        charts,
        batch_size=chosen.batch,
        epochs=chosen.epochs,
        callbacks=[stopping, Progress()],
        verbose=0,
    )
    kernel, bias = (np.asarray(values, np.float64) for values in chart.get_weights())
    kernel = (kernel.T / deviation).T
    return Layer(kernel, bias - (kernel.T * mean).sum(axis=1))


def fit_known(features: np.ndarray, known: np.ndarray, penalty: float) -> Layer:
    """Fit 1 for posts and -1 for strangers by least squares with a penalty (ridge), rows of NaN left out.

    Either side has half of the weight, however many there are, and features are of unit variance to the penalty. On
    strangers of kinds that were not seen this does better than a hidden layer, which learns the kinds.
    """
    rows = ~np.isnan(known)
    features, posts = features[rows], known[rows] > 0.5
    weights = (np.where(posts, 0.5 / max(posts.sum(), 1), 0.5 / max((~posts).sum(), 1))).astype(np.float32)
    weights /= weights.sum()
    mean = weights @ features
    features = features - mean
    deviation = np.sqrt(weights @ features**2) + 1e-2
    features /= deviation
    weighted = features * weights[:, None]
    truth = np.where(posts, 1.0, -1.0).astype(np.float32)
    middle = weights @ truth
    covariance = (weighted.T @ features).astype(np.float64) + penalty * np.eye(len(mean))
    kernel = np.linalg.solve(covariance, weighted.T @ (truth - middle)) / deviation
    return Layer(kernel, middle - mean @ kernel)


class Progress(keras.callbacks.Callback):  # type: ignore[misc] # keras has no types
    """Log one line per epoch."""

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Log the loss of the epoch that ended."""
        figures = {name: round(value, 4) for name, value in (logs or {}).items()}
        log.info("epoch", number=epoch + 1, of=self.params["epochs"], **figures)
