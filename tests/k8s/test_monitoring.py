"""Alerts fire when they should and not before."""

from __future__ import annotations

import re
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


def test_the_runbook_has_an_entry_for_every_alert_and_for_no_other(rules: Manifest) -> None:
    alerts = {rule["alert"]: rule for group in rules["groups"] for rule in group["rules"] if "alert" in rule}
    headings = re.findall(r"^### (\w+)$", Path("docs/runbook.md").read_text(), flags=re.MULTILINE)
    assert sorted(headings) == sorted(alerts)
    for name, rule in alerts.items():
        assert rule["annotations"]["runbook"] == f"docs/runbook.md#{name.lower()}"


def test_every_objective_has_a_budget_and_is_in_the_runbook(rules: Manifest) -> None:
    recorded = [rule for group in rules["groups"] for rule in group["rules"] if "record" in rule]
    budgets = {rule["labels"]["objective"] for rule in recorded if rule["record"] == "slo:budget"}
    judged = {rule["labels"]["objective"] for rule in recorded if rule["record"] != "slo:budget" and "labels" in rule}
    described = re.findall(r"^\| ([a-z-]+) \|", Path("docs/runbook.md").read_text(), flags=re.MULTILINE)
    assert budgets == judged == set(described) - {"objective"}
