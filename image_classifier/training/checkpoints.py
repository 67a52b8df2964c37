"""Finished networks on disk, so that training that was interrupted goes on where it stopped."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from image_classifier.training.hyperparameters import Hyperparameters


@dataclass(frozen=True)
class Fitted:
    """A fitted network's weights and for how many epochs it was fitted."""

    weights: list[np.ndarray]
    epochs: int


class Checkpoints:
    """Fitted networks in a directory; their names stand for the data, the hyperparameters and their number."""

    def __init__(self, directory: Path | None, data_hash: str, chosen: Hyperparameters) -> None:
        identity = f"{data_hash} {chosen.model_dump_json()}"
        self._key = hashlib.sha256(identity.encode()).hexdigest()[:16]
        self._directory = directory

    def load(self, number: int) -> Fitted | None:
        """Return the network that was saved for the same data and hyperparameters, or None."""
        if self._directory is None or not self._path(number).exists():
            return None
        with np.load(self._path(number)) as saved:
            count = sum(name.startswith("weight") for name in saved.files)
            weights = [saved[f"weight{index}"] for index in range(count)]
            return Fitted(weights, int(saved["epochs"]))

    def save(self, number: int, fitted: Fitted) -> None:
        """Write a network; the file appears only once it is complete."""
        if self._directory is None:
            return
        self._directory.mkdir(parents=True, exist_ok=True)
        arrays: dict[str, Any] = {f"weight{index}": value for index, value in enumerate(fitted.weights)}
        partial = self._path(number).with_suffix(".partial.npz")
        np.savez(partial, epochs=fitted.epochs, **arrays)
        partial.replace(self._path(number))

    def _path(self, number: int) -> Path:
        return Path(self._directory or "") / f"member-{self._key}-{number}.npz"
