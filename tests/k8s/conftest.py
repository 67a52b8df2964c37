"""Every overlay as `kubectl kustomize` renders it, and ways to walk through what it holds."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from operations import deployment
from operations.environment import EXAMPLE, read_environment

Manifest = dict[str, Any]
OVERLAYS = sorted(path.name for path in Path("k8s/overlays").iterdir())


@cache
def render(overlay: str) -> list[Manifest]:
    """As `make render` does, with the example's values."""
    return deployment.render(overlay, environment=None if overlay == "local" else read_environment(EXAMPLE))


@pytest.fixture(params=OVERLAYS)
def manifests(request: pytest.FixtureRequest) -> list[Manifest]:
    """All the manifests of an overlay; a test that asks for them runs for each."""
    if not shutil.which("kubectl"):
        pytest.skip("kubectl is not installed; it renders the manifests")
    return render(request.param)


@pytest.fixture
def rendered() -> Callable[[str], list[Manifest]]:
    """Render one overlay by its name."""
    if not shutil.which("kubectl"):
        pytest.skip("kubectl is not installed; it renders the manifests")
    return render


def of_kind(manifests: list[Manifest], *kinds: str) -> list[Manifest]:
    return [manifest for manifest in manifests if manifest["kind"] in kinds]


def names(manifests: list[Manifest], kind: str) -> set[str]:
    return {manifest["metadata"]["name"] for manifest in of_kind(manifests, kind)}


def pod_templates(manifests: list[Manifest]) -> Iterator[tuple[str, Manifest]]:
    """Every pod that would come to be, by the name of what makes it."""
    for manifest in of_kind(manifests, "Deployment", "StatefulSet", "Job"):
        yield f"{manifest['kind']}/{manifest['metadata']['name']}", manifest["spec"]["template"]
    for manifest in of_kind(manifests, "CronJob"):
        yield f"CronJob/{manifest['metadata']['name']}", manifest["spec"]["jobTemplate"]["spec"]["template"]


def containers(template: Manifest) -> list[Manifest]:
    return [*template["spec"].get("initContainers", []), *template["spec"]["containers"]]


def jobs(manifests: list[Manifest]) -> Iterator[tuple[str, Manifest]]:
    for manifest in of_kind(manifests, "Job"):
        yield manifest["metadata"]["name"], manifest["spec"]
    for manifest in of_kind(manifests, "CronJob"):
        yield manifest["metadata"]["name"], manifest["spec"]["jobTemplate"]["spec"]


def selected(labels: dict[str, str], selector: Manifest) -> bool:
    """Whether a label selector picks these labels."""
    pairs = all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items())
    return pairs and all(
        rule["operator"] == "In" and labels.get(rule["key"]) in rule["values"]
        for rule in selector.get("matchExpressions", [])
    )
