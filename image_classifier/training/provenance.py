"""What an artifact came from: hashes of the data, the code and the lock, and the versions that trained it."""

from __future__ import annotations

import hashlib
import platform
from importlib.metadata import version
from pathlib import Path

from common.version import code_version
from common.version import version as release
from image_classifier.training.backbone import weights_path

_PACKAGE = Path(__file__).parents[1]
_LOCK = _PACKAGE.parent / "requirements" / "image_classifier_training.txt"


def provenance(data_hash: str) -> dict[str, str]:
    """Return the hashes (SHA-256) and versions; the lock's is "unknown" where the repository is not around."""
    return {
        "data_sha256": data_hash,
        "release": release(),
        "code_version": code_version(),
        "code_sha256": _hash_code(),
        "backbone_sha256": hashlib.sha256(weights_path().read_bytes()).hexdigest(),
        "lock_sha256": hashlib.sha256(_LOCK.read_bytes()).hexdigest() if _LOCK.exists() else "unknown",
        "python": platform.python_version(),
        **{name: version(name) for name in ("tensorflow", "keras", "numpy", "pillow")},
    }


def _hash_code() -> str:
    digest = hashlib.sha256()
    for path in sorted(_PACKAGE.rglob("*.py")):
        digest.update(f"{path.relative_to(_PACKAGE)}\n".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()
