"""What a plan finds in a cluster and at EKS: the cluster that is meant, its add-ons, what was installed, secrets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from operations import deployment, plan
from operations.environment import EXAMPLE, Environment, read_environment
from tests.operations.conftest import served, use_context

NETWORKING = "/apis/networking.k8s.io/v1/ingressclasses"
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
DEPLOYMENTS = "/apis/apps/v1/namespaces/kube-system/deployments"
SIGN_IN = "/api/v1/namespaces/trader-network/secrets/sign-in"


@pytest.fixture
def objects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """What an API server on the loopback answers, by path; kubectl's context is that server."""
    held: dict[str, Any] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(held.get(self.path, {})).encode()
            self.send_response(200 if self.path in held else 404)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with served(Handler) as address:
        use_context(address, tmp_path, monkeypatch)
        yield held


@pytest.fixture
def environment() -> Environment:
    return read_environment(EXAMPLE)


@pytest.fixture
def eks(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """An EKS, for moto's has no add-ons; `addons` are those that are installed."""
    installed = {name: {"status": "ACTIVE"} for name in ("eks-pod-identity-agent", "metrics-server")}
    installed["vpc-cni"] = {"status": "ACTIVE", "configurationValues": '{"enableNetworkPolicy": "true"}'}
    service = SimpleNamespace(
        addons=installed,
        describe_cluster=lambda name: {"cluster": {"status": "ACTIVE", "endpoint": "https://127.0.0.1"}},
        list_addons=lambda **_: {"addons": list(installed)},
        describe_addon=lambda **named: {"addon": installed[named["addonName"]]},
    )
    monkeypatch.setattr(Environment, "client", lambda *_: service)
    return service


def named(*names: str) -> dict[str, Any]:
    return {"items": [{"metadata": {"name": name}} for name in names]}


def missing(findings: Iterator[plan.Finding]) -> list[tuple[str, str]]:
    return [(found.what, found.detail) for found in findings if found.state == "missing"]


def test_an_add_on_is_there_if_it_works_and_does_what_is_needed_of_it(
    environment: Environment, eks: SimpleNamespace
) -> None:
    assert missing(plan._add_ons(environment)) == []
    eks.addons["vpc-cni"]["configurationValues"] = "{}"
    eks.addons["eks-pod-identity-agent"]["status"] = "DEGRADED"
    del eks.addons["metrics-server"]
    assert missing(plan._add_ons(environment)) == [
        ("add-on vpc-cni", 'network policies are not enforced: {"enableNetworkPolicy": "true"}'),
        ("add-on eks-pod-identity-agent", "it is DEGRADED"),
        ("add-on metrics-server", "the classifier's autoscaler reads it"),
    ]


def test_kubectl_is_to_speak_to_the_cluster_that_the_values_name(
    environment: Environment, eks: SimpleNamespace, objects: dict[str, Any]
) -> None:
    assert missing(plan._same_cluster(environment, None)) == []
    eks.describe_cluster = lambda name: {"cluster": {"endpoint": "https://another.eks.amazonaws.com"}}
    told = "it is 127.0.0.1: aws eks update-kubeconfig --name trader-network"
    assert missing(plan._same_cluster(environment, None)) == [("kubectl's context", told)]


def test_what_helm_installs_is_known_by_what_it_brings(objects: dict[str, Any]) -> None:
    objects |= {NETWORKING: named("nginx"), DEFINITIONS: named("a.b"), DEPLOYMENTS: named("coredns")}
    assert [what for what, _ in missing(plan._cluster(None))] == [
        "AWS load balancer controller",
        "Prometheus operator",
    ]
    operator = named("podmonitors.monitoring.coreos.com", "prometheusrules.monitoring.coreos.com")
    controller = {NETWORKING: named("alb"), DEPLOYMENTS: named("aws-load-balancer-controller")}
    objects |= {DEFINITIONS: operator, **controller}
    assert missing(plan._cluster(None)) == []


def test_a_secret_that_somebody_makes_by_hand_is_asked_for_with_its_keys(
    tmp_path: Path, objects: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = {name: f"{name}-1" for name in ("DatabaseHost", "DatabaseSecretArn", "DatabaseResourceId", "DataBucket")}
    values = tmp_path / "values.yaml"
    values.write_text(yaml.safe_dump(yaml.safe_load(EXAMPLE.read_text()) | found))
    environment = read_environment(values)
    aws = deployment.render("aws", {}, environment)
    assert deployment.secrets_made_by_hand(aws) == {}
    sign_in = deployment.render("sign-in", {}, environment)
    assert deployment.secrets_made_by_hand(sign_in) == {("trader-network", "sign-in"): {"clientID", "clientSecret"}}

    monkeypatch.setattr(plan.digests, "read_digests", dict)
    monkeypatch.setattr(deployment, "changes", lambda *_: [])

    def told() -> list[str]:
        return [detail for what, detail in missing(plan._manifests("sign-in", environment, None)) if "secret" in what]

    command = "kubectl -n trader-network create secret generic sign-in …"
    assert told() == [f"clientID, clientSecret: {command}"]
    objects[SIGN_IN] = {"data": {"clientID": "YQ=="}}
    assert told() == [f"clientSecret: {command}"]
    objects[SIGN_IN] = {"data": {"clientID": "YQ==", "clientSecret": "YQ=="}}
    assert told() == []
