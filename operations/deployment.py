"""Manifests rendered from k8s/overlays, pinned to pushed digests, applied in the order that migrations need."""

from __future__ import annotations

import base64
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from common.errors import ApplicationError, ConfigurationError
from operations.cluster import Cluster
from operations.commands import run
from operations.following import JobFollower

if TYPE_CHECKING:
    from operations.environment import Environment

OVERLAYS = Path("k8s/overlays")
# https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/#auth-idp-oidc
_SIGN_IN = "alb.ingress.kubernetes.io/auth-idp-oidc"
Manifest = dict[str, Any]


def render(
    overlay: str, digests: Mapping[str, str] | None = None, environment: Environment | None = None
) -> list[Manifest]:
    """Return an overlay's manifests with an environment's values filled in.

    `digests` (`registry/name@sha256:…` by image name) replace its images. Raises `ConfigurationError` for an unknown
    overlay, or a value that nobody gives.
    """
    path = OVERLAYS / overlay
    if not path.is_dir():
        known = ", ".join(sorted(found.name for found in OVERLAYS.iterdir()))
        raise ConfigurationError(f"there is no environment {overlay!r}; there are {known}")
    manifests = [found for found in yaml.safe_load_all(run(["kubectl", "kustomize", path])) if found]
    for secret in (found for found in manifests if found["kind"] == "Secret"):
        encoded = secret.pop("data", {})
        secret["stringData"] = {key: base64.b64decode(value).decode() for key, value in encoded.items()}
    if environment is not None:
        manifests = environment.fill(manifests)
    for container in _containers(manifests):
        container["image"] = (digests or {}).get(_name(container["image"]), container["image"])
    return manifests


def unpinned(manifests: Iterable[Manifest]) -> set[str]:
    """Return the images that are named by a tag, which may come to mean another image."""
    return {container["image"] for container in _containers(manifests) if "@sha256:" not in container["image"]}


def secrets_made_by_hand(manifests: Iterable[Manifest]) -> dict[tuple[str, str], set[str]]:
    """Return the keys of secrets, by namespace and name, that manifests refer to and do not bring."""
    named: dict[tuple[str, str], set[str]] = {}
    brought = set()
    for manifest in manifests:
        metadata = manifest["metadata"]
        if manifest["kind"] == "Secret":
            brought.add((metadata["namespace"], metadata["name"]))
        for container in _containers([manifest]):
            for variable in container.get("env", []):
                if held := variable.get("valueFrom", {}).get("secretKeyRef"):
                    named.setdefault((metadata["namespace"], held["name"]), set()).add(held["key"])
        if provider := metadata.get("annotations", {}).get(_SIGN_IN):
            named[(metadata["namespace"], json.loads(provider)["secretName"])] = {"clientID", "clientSecret"}
    return {secret: keys for secret, keys in named.items() if secret not in brought}


def apply(manifests: list[Manifest], *, context: str | None, write: Callable[[str], None]) -> None:
    """Apply everything a pod refers to and the database; then the migrations, waiting for them; then all the rest.

    `write` gets what the migrations log. Raises `ApplicationError` if one fails; the workloads then stay as they were.
    """
    last = [manifest for manifest in manifests if manifest["kind"] in {"CronJob", "Deployment"}]
    migrations = [manifest for manifest in manifests if manifest["kind"] == "Job"]
    _apply([manifest for manifest in manifests if manifest not in last + migrations], context)
    for migration in migrations:
        _migrate(migration, context, write)
    _apply(last, context)


def changes(manifests: list[Manifest], context: str | None) -> list[str]:
    """Return the objects that applying would make or change, by the server's own dry run. Raises `CommandError`."""
    with tempfile.TemporaryDirectory() as directory:
        stream = Path(directory, "manifests.yaml")
        stream.write_text(dump(manifests))
        listed = run(
            ["kubectl", *_context(context), "diff", "--filename", stream],
            environment={**os.environ, "KUBECTL_EXTERNAL_DIFF": "diff -rqN"},
            accepted=(0, 1),  # 1: something differs
        )
    # Files /tmp/LIVE-1/apps.v1.Deployment.trader-network.page and /tmp/MERGED-2/apps.v1.Deployment.… differ
    names = (line.split(" ")[1].rpartition("/")[2].split(".") for line in listed.splitlines())
    return sorted(f"{kind}/{name}" for *_, kind, _, name in names)


def dump(manifests: list[Manifest]) -> str:
    """Return manifests as one YAML stream."""
    return yaml.safe_dump_all(manifests, sort_keys=False, width=200)


def _apply(manifests: list[Manifest], context: str | None) -> None:
    with tempfile.TemporaryDirectory() as directory:
        stream = Path(directory, "manifests.yaml")
        stream.write_text(dump(manifests))
        run(["kubectl", *_context(context), "apply", "--filename", stream], show=True)


def _migrate(job: Manifest, context: str | None, write: Callable[[str], None]) -> None:
    """Run a Job to its end; what it is made of cannot be changed, so one that is there goes first."""
    name, namespace = job["metadata"]["name"], job["metadata"]["namespace"]
    which = ["job", name, "--namespace", namespace]
    run(["kubectl", *_context(context), "delete", *which, "--ignore-not-found", "--wait"], show=True)
    _apply([job], context)
    if code := JobFollower(Cluster(context), namespace, write).follow(name):
        raise ApplicationError(f"job {name} ended with {code}; the workloads were left as they were")


def _context(context: str | None) -> list[str]:
    return ["--context", context] if context else []


def _containers(manifests: Iterable[Manifest]) -> Iterable[Manifest]:
    for manifest in manifests:
        spec = manifest.get("spec", {})
        template = spec.get("jobTemplate", {}).get("spec", spec).get("template", {}).get("spec", {})
        if isinstance(template, dict):
            yield from template.get("initContainers", [])
            yield from template.get("containers", [])


def _name(image: str) -> str:
    """`registry/path/name:tag` or `…@digest` -> `name`."""
    return image.rpartition("/")[2].partition("@")[0].partition(":")[0]
