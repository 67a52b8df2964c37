"""The model artifact: a directory with everything that answering needs and everything about how it came to be."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from common.errors import DataError, MissingInputError

MODEL_FILE = "model.tflite"
DESCRIPTION_FILE = "artifact.json"
CLASSES = ("meme", "chart")
NEITHER = "neither"
SHIPPED = Path(__file__).parent / "shipped"


@dataclass(frozen=True)
class Artifact:
    """A LiteRT model (uint8 image of `side` x `side` in, P(chart) and P(known) out) and its description."""

    model: bytes
    description: dict[str, Any]

    @cached_property
    def sha256(self) -> str:
        """The model's SHA-256; once, for it is the hash of megabytes."""
        return hashlib.sha256(self.model).hexdigest()

    @property
    def version(self) -> str:
        """The first twelve hexadecimal digits of the model's SHA-256."""
        return self.sha256[:12]

    @property
    def side(self) -> int:
        """The edge of the square that the model sees, in pixels."""
        return int(self.description["preprocessing"]["side"])

    @property
    def familiarity_threshold(self) -> float:
        """Below this probability of "known" an image counts as out of distribution."""
        return float(self.description["confidence"]["familiarity"])

    @property
    def certainty_threshold(self) -> float:
        """Below this probability of the answered class an answer counts as unsure."""
        return float(self.description["confidence"]["certainty"])


def load_artifact(directory: Path) -> Artifact:
    """Read an artifact from a directory.

    Raises `MissingInputError` when a file is not there and `DataError` when the files do not belong together.
    """
    try:
        model = (directory / MODEL_FILE).read_bytes()
        description = json.loads((directory / DESCRIPTION_FILE).read_text())
    except (FileNotFoundError, NotADirectoryError) as error:
        raise MissingInputError(
            f"{directory} is not a model artifact: {Path(error.filename).name} is not there"
        ) from None
    except ValueError as error:
        raise DataError(f"{directory / DESCRIPTION_FILE} is not JSON: {error}") from None
    artifact = Artifact(model, description)
    try:
        recorded = description["model"]["sha256"]
        _ = (artifact.side, artifact.familiarity_threshold, artifact.certainty_threshold)
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{directory / DESCRIPTION_FILE} lacks or garbles {error}") from None
    if recorded != artifact.sha256:
        raise DataError(
            f"{directory / MODEL_FILE} is not the model that {DESCRIPTION_FILE} describes (SHA-256 differs)"
        )
    return artifact


def save_artifact(directory: Path, model: bytes, description: dict[str, Any]) -> Artifact:
    """Write an artifact's model and description, with the model's hash and size recorded."""
    identity = {"file": MODEL_FILE, "sha256": hashlib.sha256(model).hexdigest(), "bytes": len(model)}
    complete = {"model": identity, "classes": list(CLASSES), **description}
    directory.mkdir(parents=True, exist_ok=True)
    (directory / MODEL_FILE).write_bytes(model)
    (directory / DESCRIPTION_FILE).write_text(json.dumps(complete, indent=2) + "\n")
    return Artifact(model, complete)
