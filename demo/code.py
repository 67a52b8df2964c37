"""Which code the demo shows."""

from __future__ import annotations

import hashlib
from pathlib import Path

from common.version import code_version

_ROOT = Path(__file__).parent.parent
_CODE = ("common", "recs_batch")  # what a night, that goes on where the same code ended, is made by


def code_version_of_files() -> str:
    """Return the checkout's commit, or a hash of the files where none stands for them.

    A night of recommendations is taken up again only by code that it knows by name; with this a second demo does so
    in a tree that was changed, or that has no history, too.
    """
    version = code_version()
    if version != "unknown" and not version.endswith("-dirty"):
        return version
    files = sorted(path for package in _CODE for path in (_ROOT / package).rglob("*") if path.suffix in (".py", ".sql"))
    return f"files-{hashlib.sha256(b''.join(path.read_bytes() for path in files)).hexdigest()[:12]}"
