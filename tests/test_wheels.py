"""Every package of the demo has a wheel for the machines that the README names, so that nothing is compiled there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13", "3.14"])
@pytest.mark.parametrize("platform", ["aarch64-apple-darwin", "aarch64-unknown-linux-gnu", "x86_64-unknown-linux-gnu"])
def test_the_demo_installs_from_wheels_alone(python: str, platform: str, tmp_path: Path) -> None:
    install = [Path(sys.executable).with_name("uv"), "pip", "install", "--dry-run", "--target", tmp_path]
    install += ["--require-hashes", "--no-deps", "--only-binary", ":all:", "--requirement", "requirements/demo.txt"]
    machine = ["--python-version", python, "--python-platform", platform]
    done = subprocess.run([*install, *machine], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
