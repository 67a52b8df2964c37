"""What `build-push` pushed, kept for `deploy`: the digest of each image."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from common.errors import MissingInputError

DIGESTS = Path("build/digests.json")


def write_digests(pushed: Mapping[str, str], path: Path = DIGESTS) -> None:
    """Keep what was pushed, beside what was pushed before of the other images."""
    known = json.loads(path.read_text()) if path.exists() else {}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(known | dict(pushed), indent=2, sort_keys=True) + "\n")


def read_digests(path: Path = DIGESTS) -> dict[str, str]:
    """Return `registry/name@digest` by image name. Raises `MissingInputError` if nothing was pushed yet."""
    try:
        found: dict[str, str] = json.loads(path.read_text())
    except FileNotFoundError:
        raise MissingInputError(f"{path} does not exist: run `make build-push` first") from None
    return found
