"""Fitting of the heads on the backbone's features, each without one fold of the real pictures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from common.logs import get_logger
from image_classifier.training.checkpoints import Arrays, Checkpoints
from image_classifier.training.features import Views
from image_classifier.training.hyperparameters import Hyperparameters

log = get_logger(__name__)
_PARTS = [(name, part) for name in ("chart", "hidden", "known") for part in ("kernel", "bias")]


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
    """Logits for chart and for known: the one linear in the features, the other by a hidden layer of rectified units.

    Charts and memes are apart in a plane of the features; what is neither lies on all sides of them. Kernels are of
    (channels, 1), (channels, units) and (units, 1).
    """

    chart: Layer
    hidden: Layer
    known: Layer

    def logits(self, features: np.ndarray) -> np.ndarray:
        """Return the logits, shape (n, 2)."""
        units = np.maximum(self.hidden(features), 0)
        return np.concatenate([self.chart(features), self.known(units)], axis=1)

    def cooled(self, temperature: float) -> Head:
        """Return the head with its logit for chart divided by the temperature."""
        return Head(Layer(self.chart.kernel / temperature, self.chart.bias / temperature), self.hidden, self.known)


@dataclass(frozen=True)
class Member:
    """A fitted head, and its logits for the pictures, as they are, that it did not see."""

    head: Head
    held_out: np.ndarray
    logits: np.ndarray


def mean_head(members: list[Member]) -> Head:
    """Return the one head whose logits are the means of the members': hidden units stand side by side."""
    heads = [member.head for member in members]
    return Head(
        Layer(np.mean([h.chart.kernel for h in heads], axis=0), np.mean([h.chart.bias for h in heads], axis=0)),
        Layer(np.concatenate([h.hidden.kernel for h in heads], axis=1), np.concatenate([h.hidden.bias for h in heads])),
        Layer(
            np.concatenate([h.known.kernel for h in heads]) / len(heads),
            np.mean([h.known.bias for h in heads], axis=0),
        ),
    )


@dataclass(frozen=True)
class Material:
    """Real and drawn pictures as features, the fold of each real one, and a hash of the real ones."""

    real: Views
    drawn: Views
    fold_of: np.ndarray
    data_hash: str


def fit_members(material: Material, chosen: Hyperparameters, checkpoints: Checkpoints) -> Iterator[Member]:
    """Fit one head per fold on drawn pictures and the real ones outside the fold; yield each when it is done."""
    real = material.real
    for number in range(chosen.members):
        held_out = np.flatnonzero(material.fold_of == number)
        seen = real.subset(np.flatnonzero(material.fold_of != number))

        def fit(number: int = number, seen: Views = seen) -> Arrays:
            log.info("fitting", member=number + 1, of=chosen.members, images=len(seen.targets))
            head = fit_head(seen, material.drawn, chosen, chosen.seed + number)
            return {f"{name}_{part}": getattr(getattr(head, name), part) for name, part in _PARTS}

        identity = f"{material.data_hash} {chosen.model_dump_json()}"
        kept = checkpoints.get(f"member{number}", identity, fit)
        head = Head(*(Layer(kept[f"{name}_kernel"], kept[f"{name}_bias"]) for name in ("chart", "hidden", "known")))
        logits = head.logits(real.features[held_out, 0])
        posts = real.targets[held_out, 1] > 0.5
        accuracy = np.mean((logits[posts, 0] > 0) == (real.targets[held_out[posts], 0] > 0.5))
        log.info("fitted", member=number + 1, held_out=len(held_out), accuracy=round(float(accuracy), 4))
        yield Member(head, held_out, logits)


def fit_head(real: Views, drawn: Views, chosen: Hyperparameters, seed: int) -> Head:
    """Fit one head with AdamW on a cosine schedule, or until the training loss stops falling.

    The pictures that judge the head never decide when it stops.
    """
    features, targets = (np.concatenate(parts) for parts in zip(real.rows(), drawn.rows(), strict=True))
    mean, deviation = features.mean(axis=0), features.std(axis=0) + 1e-3
    keras.utils.set_random_seed(seed)
    seen = keras.Input(features.shape[1:])
    dropped = keras.layers.Dropout(chosen.dropout)(seen)
    chart, hidden, known = (keras.layers.Dense(units) for units in (1, chosen.units, 1))
    units = keras.layers.Dropout(chosen.dropout / 2)(keras.layers.ReLU()(hidden(dropped)))
    network = keras.Model(seen, [chart(dropped), known(units)])
    steps = -(-len(features) // chosen.batch) * chosen.epochs
    schedule = keras.optimizers.schedules.CosineDecay(chosen.learning_rate, steps, alpha=0.01)
    network.compile(
        optimizer=keras.optimizers.AdamW(schedule, weight_decay=chosen.weight_decay),
        loss=[keras.losses.BinaryCrossentropy(from_logits=True) for _ in range(2)],
    )
    stopping = keras.callbacks.EarlyStopping(monitor="loss", patience=chosen.patience)
    network.fit(
        (features - mean) / deviation,
        [targets[:, 0], targets[:, 1]],
        sample_weight=[targets[:, 1], np.ones(len(targets))],  # what is neither says nothing of charts and memes
        batch_size=chosen.batch,
        epochs=chosen.epochs,
        callbacks=[stopping, Progress()],
        verbose=0,
    )
    return Head(_raw(chart, mean, deviation), _raw(hidden, mean, deviation), _raw(known, 0.0, 1.0))


def _raw(layer: Any, mean: Any, deviation: Any) -> Layer:
    """Return a fitted layer as a function of features that are not normalised."""
    kernel, bias = (np.asarray(values, np.float64) for values in layer.get_weights())
    kernel = (kernel.T / deviation).T
    return Layer(kernel, bias - (kernel.T * mean).sum(axis=1))


class Progress(keras.callbacks.Callback):  # type: ignore[misc] # keras has no types
    """Log one line per epoch."""

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Log the loss of the epoch that ended."""
        figures = {name: round(value, 4) for name, value in (logs or {}).items()}
        log.info("epoch", number=epoch + 1, of=self.params["epochs"], **figures)
