"""Which code is running: the release and the commit baked into an image, or those of the checkout."""

from __future__ import annotations

import os
import subprocess
from functools import cache
from pathlib import Path

_PROJECT = Path(__file__).parent.parent / "pyproject.toml"


@cache
def version() -> str:
    """Return the release, such as "0.2.0": PROJECT_VERSION (set when an image is built), else the checkout's."""
    if baked := os.environ.get("PROJECT_VERSION"):
        return baked
    import tomllib  # noqa: PLC0415 (no image needs it)

    return str(tomllib.loads(_PROJECT.read_text())["project"]["version"]) if _PROJECT.exists() else "unknown"


@cache
def code_version() -> str:
    """Return CODE_VERSION (set when an image is built), else git's description of the checkout, else "unknown"."""
    if version := os.environ.get("CODE_VERSION"):
        return version
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=12"],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return described.stdout.strip()
