"""Every overlay is valid Kubernetes to the letter: no unknown field, no wrong type."""

from __future__ import annotations

from collections.abc import Callable

import kubernetes_validate
import pytest

from tests.k8s.conftest import Manifest, of_kind

CUSTOM_KINDS = {"PodMonitor", "PrometheusRule"}
RELEASES = ["1.33", "1.37"]


@pytest.mark.parametrize("release", RELEASES)
def test_every_manifest_is_strictly_valid(manifests: list[Manifest], release: str) -> None:
    for manifest in manifests:
        if manifest["kind"] not in CUSTOM_KINDS:
            kubernetes_validate.validate(manifest, release, strict=True)


def test_the_validator_refuses_a_field_that_does_not_exist(rendered: Callable[[str], list[Manifest]]) -> None:
    deployment = dict(of_kind(rendered("local"), "Deployment")[0], replica=2)
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(deployment, RELEASES[-1], strict=True)


def test_the_local_overlay_needs_no_custom_resource(rendered: Callable[[str], list[Manifest]]) -> None:
    groups = {manifest["apiVersion"].partition("/")[0] for manifest in rendered("local")}
    assert groups <= {"v1", "apps", "autoscaling", "batch", "networking.k8s.io", "policy"}


def test_everything_lies_in_the_one_namespace(manifests: list[Manifest]) -> None:
    for manifest in manifests:
        if manifest["kind"] != "Namespace":
            assert manifest["metadata"]["namespace"] == "trader-network", manifest["metadata"]["name"]


def test_no_name_occurs_twice(manifests: list[Manifest]) -> None:
    identities = [(manifest["kind"], manifest["metadata"]["name"]) for manifest in manifests]
    assert len(identities) == len(set(identities))
