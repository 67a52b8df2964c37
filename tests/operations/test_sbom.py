"""The bill of materials names every locked package with its hashes and every Debian package of the image."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from operations import sbom
from operations.images import Image
from tests.docker.conftest import TAG, reference, tool

__all__ = ["reference", "tool"]
pytestmark = pytest.mark.images


def test_it_is_valid_and_complete(
    tool: str, reference: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference("image-classifier")
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    image = Image("image-classifier")
    written = sbom.write(image, tool=tool, tag=TAG, directory=tmp_path).read_text()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(written) is None
    components = json.loads(written)["components"]
    python = {found["name"].lower() for found in components if found["purl"].startswith("pkg:pypi/")}
    assert python == {
        name.lower() for name in re.findall(r"^([\w.-]+)==", image.requirements.read_text(), re.MULTILINE)
    }
    debian = {found["name"] for found in components if found["purl"].startswith("pkg:deb/")}
    assert {"libc6", "libssl3", "tzdata"} <= debian
