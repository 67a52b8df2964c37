"""Signatures of pushed images, and their bills of materials attached, by cosign where it is installed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from operations import registry
from operations.commands import run


def is_possible() -> bool:
    """Tell whether cosign is here."""
    return shutil.which("cosign") is not None


def sign(reference: str, sbom: Path, environment: Mapping[str, str]) -> None:
    """Sign `registry/name@digest` and attest its SBOM, with COSIGN_KEY (a file, awskms:///…) or else as who runs this.

    `environment` has the registry's login. Raises `CommandError` with cosign's last line.
    """
    key = os.environ.get("COSIGN_KEY")
    options = ["--yes", *(["--key", key] if key else [])]
    if registry.is_loopback(reference.partition("/")[0]):
        options.append("--allow-http-registry")
    run(["cosign", "sign", *options, reference], environment=environment)
    attestation = ["--type", "cyclonedx", "--predicate", str(sbom)]
    run(["cosign", "attest", *options, *attestation, reference], environment=environment)
