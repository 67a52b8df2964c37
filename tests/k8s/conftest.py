"""Every overlay as `kubectl kustomize` renders it, and ways to walk through what it holds."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from operations import deployment
from operations.environment import EXAMPLE, read_environment

Manifest = dict[str, Any]
OVERLAYS = sorted(path.name for path in Path("k8s/overlays").iterdir())
IN_NO_OVERLAY = ["classifier-learning", "messages"]
ALL_COMPONENTS = "aws, and the components that no overlay has"


@cache
def render(overlay: str) -> list[Manifest]:
    """As `make render` does, with the example's values."""
    if overlay == ALL_COMPONENTS:
        with tempfile.TemporaryDirectory() as folder:
            parts = {"resources": ["overlays/aws"], "components": [f"components/{name}" for name in IN_NO_OVERLAY]}
            root = os.path.relpath("k8s", Path(folder).resolve())  # an absolute path is none to kustomize
            listed = {kind: [f"{root}/{path}" for path in paths] for kind, paths in parts.items()}
            images = yaml.safe_load(Path("k8s/overlays/aws/kustomization.yaml").read_text())["images"]
            kustomization = {"namespace": "trader-network", **listed, "images": images}
            Path(folder, "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
            return deployment.render(folder, environment=read_environment(EXAMPLE))
    return deployment.render(overlay, environment=None if overlay == "local" else read_environment(EXAMPLE))


@pytest.fixture(params=[*OVERLAYS, ALL_COMPONENTS])
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
