"""What is pushed is signed with the registry's login. cosign itself stands aside: it signs into public logs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from operations import signing
from operations.commands import CommandError

DIGEST = "registry.example.com/recs-batch@sha256:" + 64 * "0"


@pytest.fixture
def cosign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program of the name that writes down what it is told."""
    program, told = tmp_path / "cosign", tmp_path / "told"
    program.write_text(f'#!/bin/sh\necho "$DOCKER_CONFIG $*" >> {told}\nexit "$COSIGN_ENDS"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.delenv("COSIGN_KEY", raising=False)
    return told


def test_an_image_is_signed_and_its_bill_of_materials_attached(cosign: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COSIGN_KEY", "awskms:///alias/images")
    signing.sign(DIGEST, Path("a.cdx.json"), {**os.environ, "DOCKER_CONFIG": "/login", "COSIGN_ENDS": "0"})
    assert cosign.read_text().splitlines() == [
        f"/login sign --yes --key awskms:///alias/images {DIGEST}",
        f"/login attest --yes --key awskms:///alias/images --type cyclonedx --predicate a.cdx.json {DIGEST}",
    ]


def test_without_a_key_it_is_signed_as_who_runs_it(cosign: Path) -> None:
    signing.sign(DIGEST, Path("a.cdx.json"), {**os.environ, "COSIGN_ENDS": "0"})
    assert "--key" not in cosign.read_text()


def test_a_signature_that_fails_ends_the_release(cosign: Path) -> None:
    with pytest.raises(CommandError, match="cosign sign failed"):
        signing.sign(DIGEST, Path("a.cdx.json"), {**os.environ, "COSIGN_ENDS": "1"})
