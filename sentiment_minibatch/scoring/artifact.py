"""The scorer's artifact: a model file that scoring needs, and a description of how it came to be."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

from common.errors import DataError, MissingInputError
from sentiment_minibatch.scoring.scorer import Scorer

MODEL_FILE = "model.json"
DESCRIPTION_FILE = "artifact.json"
SHIPPED = Path(__file__).parent / "shipped"


@cache
def shipped_scorer() -> Scorer:
    """Return the scorer that ships with the code."""
    return load_scorer(SHIPPED)


def load_scorer(directory: Path) -> Scorer:
    """Read a scorer; its version is the first twelve hexadecimal digits of the model file's SHA-256.

    Raises `MissingInputError` where there is no model and `DataError` where the file is none.
    """
    path = directory / MODEL_FILE
    try:
        content = path.read_bytes()
    except OSError as error:
        raise MissingInputError(f"{directory} is no scorer: {error}") from None
    try:
        return Scorer(json.loads(content), hashlib.sha256(content).hexdigest()[:12])
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} is no model of this version of the code: {error!r}") from None


def trained_on(directory: Path) -> str | None:
    """Return the hash of the messages that an artifact was trained on, if its description says so."""
    try:
        description = json.loads((directory / DESCRIPTION_FILE).read_text())
        return str(description["provenance"]["data_sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def save_scorer(directory: Path, model: dict[str, Any], description: dict[str, Any]) -> Scorer:
    """Write a model and its description, with the model's hash and size recorded, and return the scorer."""
    content = json.dumps(model, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode() + b"\n"
    identity = {"file": MODEL_FILE, "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    directory.mkdir(parents=True, exist_ok=True)
    (directory / MODEL_FILE).write_bytes(content)
    (directory / DESCRIPTION_FILE).write_text(json.dumps({"model": identity, **description}, indent=2) + "\n")
    return load_scorer(directory)
