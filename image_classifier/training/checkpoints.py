"""Results on disk, so that training that was interrupted goes on where it stopped."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

Arrays = dict[str, np.ndarray]


class Checkpoints:
    """Named arrays in a directory, with a hash of all that they depend on; without a directory nothing is kept."""

    def __init__(self, directory: Path | None) -> None:
        self._directory = directory

    def get(self, name: str, identity: str, make: Callable[[], Arrays]) -> Arrays:
        """Return what is kept under the name for the same identity; else make it and keep it."""
        if self._directory is None:
            return make()
        path = self._directory / f"{name}-{hashlib.sha256(identity.encode()).hexdigest()[:16]}.npz"
        if not path.exists():
            self._directory.mkdir(parents=True, exist_ok=True)
            partial = path.with_suffix(".partial.npz")
            arrays = make()
            np.savez(partial, allow_pickle=False, **arrays)
            partial.replace(path)  # the file appears only once it is complete
        with np.load(path) as kept:
            return {key: kept[key] for key in kept.files}
