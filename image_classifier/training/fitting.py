"""Fitting of one network, and of the members that are averaged, each on all folds but one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from common.logs import get_logger
from image_classifier.training.batches import Batches, Pictures
from image_classifier.training.checkpoints import Checkpoints, Fitted
from image_classifier.training.hyperparameters import Hyperparameters
from image_classifier.training.network import build_network

log = get_logger(__name__)


@dataclass(frozen=True)
class Member:
    """A fitted network, and its logits, shape (n, 2), for the pictures that it did not see."""

    network: Any
    held_out: np.ndarray
    logits: np.ndarray


def fit_members(
    real: Pictures, draw: Callable[[], Pictures], folds: np.ndarray, chosen: Hyperparameters, checkpoints: Checkpoints
) -> Iterator[Member]:
    """Fit one network per fold on drawn pictures and the real ones outside the fold; yield each when it is done.

    Nothing is drawn when every network is in the checkpoints.
    """
    for number in range(chosen.members):
        held_out, seen = np.flatnonzero(folds == number), np.flatnonzero(folds != number)
        fitted = checkpoints.load(number)
        if fitted is None:
            log.info("fitting", member=number + 1, of=chosen.members, images=len(seen), held_out=len(held_out))
            fitted = fit_network(real.subset(seen), draw(), chosen, seed=chosen.seed + number)
            checkpoints.save(number, fitted)
        network = build_network(chosen.side, chosen.width, chosen.dropout)
        network.set_weights(fitted.weights)
        logits = _logits(network, real.subset(held_out).arrays(chosen.side))
        accuracy = np.mean((logits[:, 0] > 0) == (real.targets[held_out, 0] > 0.5))
        log.info("fitted", member=number + 1, epochs=fitted.epochs, held_out_accuracy=round(float(accuracy), 4))
        yield Member(network, held_out, logits)


def _logits(network: Any, images: np.ndarray) -> np.ndarray:
    """Return the network's logits for uint8 images, over both views as in the model that is exported."""
    floats = images.astype(np.float32)
    return np.asarray(np.mean([network.predict(view, verbose=0) for view in (floats, floats[:, :, ::-1])], axis=0))


def fit_network(real: Pictures, drawn: Pictures, chosen: Hyperparameters, seed: int) -> Fitted:
    """Fit one network with AdamW on a cosine schedule, or until the training loss stops falling; return its weights.

    The pictures that judge the network never decide when it stops.
    """
    keras.utils.set_random_seed(seed)
    network = build_network(chosen.side, chosen.width, chosen.dropout)
    batches = Batches(real, drawn, chosen, seed)
    steps = len(batches) * chosen.epochs
    peak = chosen.learning_rate
    schedule = keras.optimizers.schedules.CosineDecay(
        peak / 20, steps, alpha=0.01, warmup_target=peak, warmup_steps=max(1, steps // 20)
    )
    network.compile(
        optimizer=keras.optimizers.AdamW(schedule, weight_decay=chosen.weight_decay, clipnorm=5.0),
        loss=keras.losses.BinaryCrossentropy(from_logits=True),
        jit_compile=False,  # on a CPU, XLA's convolutions take 1.4 times the time of oneDNN's
    )
    stopping = keras.callbacks.EarlyStopping(monitor="loss", patience=chosen.patience)
    history = network.fit(batches, epochs=chosen.epochs, callbacks=[stopping, Progress()], verbose=0)
    return Fitted(network.get_weights(), len(history.epoch))


class Progress(keras.callbacks.Callback):  # type: ignore[misc] # keras has no types
    """Log one line per epoch."""

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Log the loss of the epoch that ended."""
        figures = {name: round(value, 4) for name, value in (logs or {}).items()}
        log.info("epoch", number=epoch + 1, of=self.params["epochs"], **figures)
