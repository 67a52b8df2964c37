"""Which code is running: the commit baked into an image, or the checkout's."""

from __future__ import annotations

import os
import subprocess
from functools import cache
from pathlib import Path


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
