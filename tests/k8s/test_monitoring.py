"""Alerts fire when they should and not before."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.k8s.conftest import Manifest, of_kind


@pytest.fixture
def rules(rendered: Callable[[str], list[Manifest]]) -> Manifest:
    (rule,) = of_kind(rendered("aws"), "PrometheusRule")
    spec: Manifest = rule["spec"]
    return spec


def test_alerts_fire_when_they_should_and_not_before(rules: Manifest, tmp_path: Path) -> None:
    if not shutil.which("promtool"):
        pytest.skip("promtool (Debian: prometheus) is not installed; it replays the alerts")
    tmp_path.joinpath("rules.yaml").write_text(yaml.safe_dump(rules))
    shutil.copy("tests/k8s/alerts.yaml", tmp_path)
    done = subprocess.run(
        ["promtool", "test", "rules", tmp_path / "alerts.yaml"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
