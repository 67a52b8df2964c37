"""What a real API server that knows the custom resources says of the overlays that need more than a laptop."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from operations import deployment
from operations.environment import EXAMPLE, read_environment
from tests.cluster.conftest import NAMESPACE, kubectl, new_namespace, until

DEFINITIONS = sorted(Path("build/definitions").glob("*.yaml"))

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.skipif(
        not DEFINITIONS, reason="no definitions of custom resources: `make test-cluster` needs Go for them"
    ),
]


@pytest.fixture(scope="module", autouse=True)
def _definitions() -> Iterator[None]:
    """The custom resources' definitions, and the namespaces that the manifests name; what was there before stays."""
    before = _defined()
    try:
        kubectl("apply", "--server-side", *(option for path in DEFINITIONS for option in ("--filename", str(path))))
        until(lambda: kubectl("wait", "--for=condition=Established", *sorted(_defined()), "--timeout=60s"))
        with new_namespace(NAMESPACE), new_namespace("airflow"), new_namespace("flux-system"):
            yield
    finally:
        kubectl("delete", *sorted(_defined() - before))


def _defined() -> set[str]:
    return set(kubectl("get", "customresourcedefinitions", "--output", "name").split())


@pytest.mark.parametrize("overlay", ["aws", "airflow", "sign-in", "spark", "stream"])
def test_the_server_takes_all_of_an_overlay(overlay: str, tmp_path: Path) -> None:
    manifests = deployment.render(overlay, None, read_environment(EXAMPLE))
    rendered = tmp_path / "manifests.yaml"
    rendered.write_text(deployment.dump(manifests))
    said = kubectl("apply", "--dry-run=server", "--filename", str(rendered))
    assert "Warning" not in said
    assert said.count("server dry run") == len(manifests)


def test_the_server_takes_the_example_of_gitops() -> None:
    said = kubectl("apply", "--dry-run=server", "--filename", "k8s/gitops", "--namespace", "flux-system")
    assert said.count("server dry run") == 2
