"""Every pod meets the restricted Pod Security Standard and more; the network is closed but for what is named."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from tests.k8s.conftest import ALL_COMPONENTS, Manifest, containers, names, of_kind, pod_templates, selected

RESTRICTED_VOLUMES = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
}


def test_the_namespace_enforces_the_restricted_standard(manifests: list[Manifest]) -> None:
    (namespace,) = of_kind(manifests, "Namespace")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_every_pod_meets_the_restricted_standard(manifests: list[Manifest]) -> None:
    for name, template in pod_templates(manifests):
        spec = template["spec"]
        assert spec["securityContext"]["runAsNonRoot"] is True, name
        assert spec["securityContext"]["runAsUser"] > 0, name
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys(), name
        for volume in spec.get("volumes", []):
            assert (volume.keys() - {"name"}) <= RESTRICTED_VOLUMES, name
        for container in containers(template):
            context = container["securityContext"]
            assert context["allowPrivilegeEscalation"] is False, name
            assert context["capabilities"] == {"drop": ["ALL"]}, name
            assert "hostPort" not in str(container.get("ports", [])), name


def test_every_container_has_a_read_only_root_and_a_place_for_temporary_files(manifests: list[Manifest]) -> None:
    for name, template in pod_templates(manifests):
        for container in containers(template):
            assert container["securityContext"]["readOnlyRootFilesystem"] is True, name
            assert "/tmp" in [mount["mountPath"] for mount in container["volumeMounts"]], name


def test_every_container_says_what_it_needs_and_what_it_may_take(manifests: list[Manifest]) -> None:
    for name, template in pod_templates(manifests):
        for container in containers(template):
            assert container["resources"]["requests"].keys() >= {"cpu", "memory"}, name
            assert "memory" in container["resources"]["limits"], name


def test_no_pod_carries_a_token_it_does_not_need(manifests: list[Manifest]) -> None:
    for name, template in pod_templates(manifests):
        assert template["spec"]["automountServiceAccountToken"] is False, name
        assert template["spec"]["enableServiceLinks"] is False, name


def test_every_service_of_ours_has_an_account_of_its_own(manifests: list[Manifest]) -> None:
    accounts = names(manifests, "ServiceAccount")
    for name, template in pod_templates(manifests):
        if name != "StatefulSet/postgres":
            account = template["spec"]["serviceAccountName"]
            assert account in accounts, name
            assert (
                account.partition("-")[0] == template["metadata"]["labels"]["app.kubernetes.io/name"].partition("-")[0]
            )


def test_images_are_never_whatever_is_latest(manifests: list[Manifest]) -> None:
    for name, template in pod_templates(manifests):
        for container in containers(template):
            _, separator, version = container["image"].rpartition(":")
            assert separator, name
            assert version != "latest", name


@pytest.mark.parametrize("overlay", ["aws", "airflow", "sign-in", "spark", "stream", ALL_COMPONENTS])
def test_on_aws_every_image_comes_from_our_registry(overlay: str, rendered: Callable[[str], list[Manifest]]) -> None:
    for name, template in pod_templates(rendered(overlay)):
        for container in containers(template):
            assert container["image"].startswith("123456789012.dkr.ecr."), name


def test_no_secret_lies_in_the_repository(manifests: list[Manifest]) -> None:
    for secret in of_kind(manifests, "Secret"):
        for url in secret["stringData"].values():
            assert url.startswith("postgresql://")
            assert urlsplit(url).password is None


def test_every_pod_is_its_own_user_of_the_database(manifests: list[Manifest]) -> None:
    users = {
        (template["spec"]["serviceAccountName"], container["name"]): entry["valueFrom"]["secretKeyRef"]["key"]
        for _, template in pod_templates(manifests)
        for container in containers(template)
        for entry in container.get("env", [])
        if entry["name"] == "DATABASE_URL"
    }
    everywhere = {
        ("sentiment-migrate", "create-roles"): "master",
        ("sentiment-migrate", "sentiment-migrate"): "owner",
        ("sentiment-migrate", "prune-scores"): "owner",
        ("sentiment-minibatch", "sentiment-minibatch"): "job",
        ("sentiment-minibatch", "export-minutes"): "job",
        ("sentiment-page", "sentiment-page"): "page",
    }
    somewhere = {("sentiment-reader", "sentiment-reader"): "job", ("sentiment-minibatch", "message-scorer"): "job"}
    assert everywhere.items() <= users.items() <= (everywhere | somewhere).items()


@pytest.mark.parametrize("overlay", ["aws", "stream", ALL_COMPONENTS])
def test_on_aws_the_database_is_verified_and_no_pod_holds_a_password(
    overlay: str, rendered: Callable[[str], list[Manifest]]
) -> None:
    (secret,) = of_kind(rendered(overlay), "Secret")
    assert all("sslmode=verify-full&sslrootcert=/etc/database/ca.pem" in url for url in secret["stringData"].values())
    for name, template in pod_templates(rendered(overlay)):
        for container in containers(template):
            if any(entry["name"] == "DATABASE_URL" for entry in container.get("env", [])):
                mounted = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
                assert mounted["/etc/database"] == "database-certificates", name
                assert {"configMapRef": {"name": "sentiment-minibatch"}} in container["envFrom"], name


def test_on_aws_nobody_outside_reads_metrics_or_probes(rendered: Callable[[str], list[Manifest]]) -> None:
    for ingress in of_kind(rendered("aws"), "Ingress"):
        paths = ingress["spec"]["rules"][0]["http"]["paths"]
        kept = {path["path"] for path in paths if path["backend"]["service"]["name"] == "not-found"}
        assert kept == {"/metrics", "/readyz", "/healthz"}
        assert "actions.not-found" in " ".join(ingress["metadata"]["annotations"])
        assert paths[-1]["path"] == "/"


def test_nothing_goes_in_or_out_unless_a_policy_says_so(manifests: list[Manifest]) -> None:
    policies = {policy["metadata"]["name"]: policy["spec"] for policy in of_kind(manifests, "NetworkPolicy")}
    assert policies["deny-by-default"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    for name, spec in policies.items():
        for rule in [*spec.get("ingress", []), *spec.get("egress", [])]:
            assert rule.get("ports"), name
            assert rule.get("from") or rule.get("to"), name


def test_every_policy_picks_pods_that_exist(manifests: list[Manifest]) -> None:
    pods = [template["metadata"]["labels"] for _, template in pod_templates(manifests)]
    for policy in of_kind(manifests, "NetworkPolicy"):
        assert any(selected(labels, policy["spec"]["podSelector"]) for labels in pods), policy["metadata"]["name"]


def test_pages_are_reached_over_tls_alone(manifests: list[Manifest]) -> None:
    services = names(manifests, "Service")
    for ingress in of_kind(manifests, "Ingress"):
        hosts = {rule["host"] for rule in ingress["spec"]["rules"]}
        assert hosts == {host for entry in ingress["spec"]["tls"] for host in entry["hosts"]}
        for rule in ingress["spec"]["rules"]:
            backends = {path["backend"]["service"]["name"] for path in rule["http"]["paths"]}
            assert backends <= services | {"not-found"}
