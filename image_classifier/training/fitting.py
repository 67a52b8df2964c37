"""Fitting of the heads: linear classifiers on the backbone's features, each without one fold of the real pictures."""

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


@dataclass(frozen=True)
class Head:
    """Logits for chart and known as a linear function of the features: kernel of (channels, 2) and bias of (2,)."""

    kernel: np.ndarray
    bias: np.ndarray

    def logits(self, features: np.ndarray) -> np.ndarray:
        """Return the logits, shape (n, 2)."""
        return np.asarray(features @ self.kernel + self.bias)

    def cooled(self, temperature: float) -> Head:
        """Return the head with its logit for chart divided by the temperature."""
        divisor = np.array([temperature, 1.0])
        return Head(self.kernel / divisor, self.bias / divisor)


@dataclass(frozen=True)
class Member:
    """A fitted head, and its logits for the pictures, as they are, that it did not see."""

    head: Head
    held_out: np.ndarray
    logits: np.ndarray


def mean_head(members: list[Member]) -> Head:
    """Return the one head whose logits are the means of the members': the mean of linear functions is linear."""
    return Head(
        np.mean([member.head.kernel for member in members], axis=0),
        np.mean([member.head.bias for member in members], axis=0),
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
            return {"kernel": head.kernel, "bias": head.bias}

        identity = f"{material.data_hash} {chosen.model_dump_json()}"
        head = Head(**checkpoints.get(f"member{number}", identity, fit))
        logits = head.logits(real.features[held_out, 0])
        accuracy = np.mean((logits[:, 0] > 0) == (real.targets[held_out, 0] > 0.5))
        log.info("fitted", member=number + 1, held_out=len(held_out), accuracy=round(float(accuracy), 4))
        yield Member(head, held_out, logits)


def fit_head(real: Views, drawn: Views, chosen: Hyperparameters, seed: int) -> Head:
    """Fit one head with AdamW on a cosine schedule, or until the training loss stops falling.

    The pictures that judge the head never decide when it stops.
    """
    features, targets = (np.concatenate(parts) for parts in zip(real.rows(), drawn.rows(), strict=True))
    mean, deviation = features.mean(axis=0), features.std(axis=0) + 1e-3
    keras.utils.set_random_seed(seed)
    outputs = keras.layers.Dense(2)
    network = keras.Sequential([keras.Input(features.shape[1:]), keras.layers.Dropout(chosen.dropout), outputs])
    steps = -(-len(features) // chosen.batch) * chosen.epochs
    schedule = keras.optimizers.schedules.CosineDecay(chosen.learning_rate, steps, alpha=0.01)
    network.compile(
        optimizer=keras.optimizers.AdamW(schedule, weight_decay=chosen.weight_decay),
        loss=keras.losses.BinaryCrossentropy(from_logits=True),
    )
    stopping = keras.callbacks.EarlyStopping(monitor="loss", patience=chosen.patience)
    network.fit(
        (features - mean) / deviation,
        targets,
        batch_size=chosen.batch,
        epochs=chosen.epochs,
        callbacks=[stopping, Progress()],
        verbose=0,
    )
    kernel, bias = (np.asarray(values, np.float64) for values in outputs.get_weights())
    kernel = kernel / deviation[:, None]
    return Head(kernel, bias - mean @ kernel)


class Progress(keras.callbacks.Callback):  # type: ignore[misc] # keras has no types
    """Log one line per epoch."""

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Log the loss of the epoch that ended."""
        figures = {name: round(value, 4) for name, value in (logs or {}).items()}
        log.info("epoch", number=epoch + 1, of=self.params["epochs"], **figures)
