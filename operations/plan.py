"""What a deployment would find: who we are, stacks, cluster, images. It reads and touches nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from common.aws_errors import application_error
from common.errors import ApplicationError, ConfigurationError
from operations import code, deployment, digests, stacks
from operations.cluster import Cluster, ClusterError, Object
from operations.commands import CommandError
from operations.environment import STACKS, Environment

_SIGNS = {"there": "✓", "changes": "~", "missing": "✗", "left out": "-"}
_OPTIONAL = {"streaming"}
# Of EKS itself, and why: https://docs.aws.amazon.com/eks/latest/userguide/workloads-add-ons-available-eks.html
_ADD_ONS = {
    "vpc-cni": "the pods' network; network policies hold only if it is told so",
    "eks-pod-identity-agent": "pods get their roles from it",
    "metrics-server": "the classifier's autoscaler reads it",
}


@dataclass(frozen=True)
class Finding:
    """One thing that a deployment needs: `there`, `missing`, to be changed (`changes`), or `left out` and optional."""

    state: str
    what: str
    detail: str = ""


def make(overlay: str, environment: Environment, context: str | None) -> list[Finding]:
    """Return what is there, missing or would change, in the order in which infra/README.md makes it."""
    checks: list[Callable[[], Iterator[Finding]]] = [
        lambda: _identity(environment),
        *(lambda template=template: _stack(environment, template) for template in STACKS),
        lambda: _values(environment),
        lambda: _secret(environment),
        lambda: _alarms(environment),
        lambda: _images(environment),
        lambda: _add_ons(environment),
        lambda: _same_cluster(environment, context),
        lambda: _cluster(context),
        lambda: _manifests(overlay, environment, context),
    ]
    return [finding for check in checks for finding in _answered(check)]


def show(findings: list[Finding], write: Callable[[str], None]) -> int:
    """Write a line for each finding; return 78 (a setting is missing) if one is missing, else 0."""
    for finding in findings:
        write(f"{_SIGNS[finding.state]} {finding.what}{f': {finding.detail}' if finding.detail else ''}")
    counts = {state: sum(finding.state == state for finding in findings) for state in _SIGNS}
    write(f"{counts['there']} there, {counts['changes']} would change, {counts['missing']} missing")
    return ConfigurationError.exit_code if counts["missing"] else 0


def _answered(check: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """Answer a check; what cannot be asked is missing too, and does not keep the rest from being asked."""
    try:
        yield from check()
    except ApplicationError as error:
        yield Finding("missing", str(error))
    except (ClientError, BotoCoreError) as error:
        yield Finding("missing", str(application_error(error)))


def _identity(environment: Environment) -> Iterator[Finding]:
    yield Finding(
        "there", f"account {environment.values['Account']}, {environment.region}", environment.check_account()
    )


def _stack(environment: Environment, template: str) -> Iterator[Finding]:
    """Compare template and parameters with what is deployed; which resources change, CloudFormation alone knows."""
    client, name = environment.client("cloudformation"), environment.stack(template)
    present, what = stacks.described(client, name), f"stack {template}"
    if present is None:
        yield Finding("left out" if template in _OPTIONAL else "missing", what, f"make infra-deploy STACK={template}")
        return
    if not present["StackStatus"].endswith(("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")):
        yield Finding("missing", what, f"it is {present['StackStatus']}")
        return
    body = stacks.template_body(template)
    held = {found["ParameterKey"]: found.get("ParameterValue") for found in present.get("Parameters", [])}
    given = {name: environment.find(name) for name in stacks.parameters_in(client, body)}
    wanted = {name: value for name, value in given.items() if value is not None} | _built(environment, set(given))
    changed = sorted(name for name, value in wanted.items() if held.get(name) != value)
    if client.get_template(StackName=name)["TemplateBody"] != body:
        changed.insert(0, "the template")
    yield Finding("changes", what, ", ".join(changed)) if changed else Finding("there", what)


def _values(environment: Environment) -> Iterator[Finding]:
    """Find values that hide what a stack has printed, such as the example's own."""
    for name, printed in environment.outputs.items():
        if environment.values.get(name, printed) != printed:
            yield Finding("missing", f"{name} of {environment.source}", f"a stack says {printed}: take it out there")


def _built(environment: Environment, declared: set[str]) -> dict[str, str]:
    """Return the versions of the code that is built here, `not uploaded yet` where the bucket has another."""
    versions = {}
    for name, (file, _) in code.ZIPS.items():
        if f"{name}CodeVersion" in declared and (code.BUILD / file).exists():
            bucket = environment.values["CodeBucketName"]
            held = code.held_version(environment.client("s3"), bucket, code.BUILD / file)
            versions[f"{name}CodeVersion"] = held or "not uploaded yet"
    return versions


def _secret(environment: Environment) -> Iterator[Finding]:
    """Look for the one secret there is; its value is not read."""
    if (arn := environment.find("DatabaseSecretArn")) is not None:
        environment.client("secretsmanager").describe_secret(SecretId=arn)
        yield Finding("there", "the secret of the database's master")


def _alarms(environment: Environment) -> Iterator[Finding]:
    for template in ("database", "streaming"):
        present = stacks.described(environment.client("cloudformation"), environment.stack(template))
        outputs = {output["OutputKey"]: output["OutputValue"] for output in (present or {}).get("Outputs", [])}
        if "AlarmTopic" not in outputs:
            continue
        listed = environment.client("sns").list_subscriptions_by_topic(TopicArn=outputs["AlarmTopic"])["Subscriptions"]
        confirmed = [found["Endpoint"] for found in listed if found["SubscriptionArn"].startswith("arn:")]
        detail = ", ".join(confirmed) or "nobody has confirmed: set AlarmEmail, then follow the link in AWS's message"
        yield Finding("there" if confirmed else "missing", f"who is told of the alarms of {template}", detail)


def _images(environment: Environment) -> Iterator[Finding]:
    client = environment.client("ecr")
    for name, reference in digests.read_digests().items():
        digest = reference.rpartition("@")[2]
        try:
            client.describe_images(repositoryName=name, imageIds=[{"imageDigest": digest}])
        except (client.exceptions.ImageNotFoundException, client.exceptions.RepositoryNotFoundException):
            yield Finding(
                "missing", f"image {name}", f"{digest[:19]} is not in this account's registry: make build-push"
            )
        else:
            yield Finding("there", f"image {name}", digest[:19])


def _add_ons(environment: Environment) -> Iterator[Finding]:
    client, cluster = environment.client("eks"), environment.values["ClusterName"]
    status = client.describe_cluster(name=cluster)["cluster"]["status"]
    yield Finding("there" if status == "ACTIVE" else "missing", f"cluster {cluster}", status)
    installed = set(client.list_addons(clusterName=cluster)["addons"])
    for name, reason in _ADD_ONS.items():
        described = client.describe_addon(clusterName=cluster, addonName=name)["addon"] if name in installed else None
        if described is None:
            yield Finding("missing", f"add-on {name}", reason)
        elif described["status"] != "ACTIVE":
            yield Finding("missing", f"add-on {name}", f"it is {described['status']}")
        elif name == "vpc-cni" and not _enforces_policies(described):
            yield Finding(
                "missing", f"add-on {name}", 'network policies are not enforced: {"enableNetworkPolicy": "true"}'
            )
        else:
            yield Finding("there", f"add-on {name}")


def _enforces_policies(add_on: dict[str, Any]) -> bool:
    # https://docs.aws.amazon.com/eks/latest/userguide/cni-network-policy-configure.html
    configured = json.loads(add_on.get("configurationValues") or "{}")
    return str(configured.get("enableNetworkPolicy", "")).lower() == "true"


def _same_cluster(environment: Environment, context: str | None) -> Iterator[Finding]:
    """See whether kubectl speaks to the cluster that the values name, and not to the one of yesterday."""
    name = environment.values["ClusterName"]
    server = urlsplit(Cluster(context).server()).hostname
    endpoint = environment.client("eks").describe_cluster(name=name)["cluster"]["endpoint"]
    if server == urlsplit(endpoint).hostname:
        yield Finding("there", "kubectl's context")
    else:
        yield Finding("missing", "kubectl's context", f"it is {server}: aws eks update-kubeconfig --name {name}")


def _cluster(context: str | None) -> Iterator[Finding]:
    """Find what is not EKS' own, the load balancer controller and the Prometheus operator, by what they bring."""
    classes = _names(context, "/apis/networking.k8s.io/v1/ingressclasses")
    known = _names(context, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions")
    running = _names(context, "/apis/apps/v1/namespaces/kube-system/deployments")
    controller = {"alb"} <= classes and "aws-load-balancer-controller" in running
    yield Finding(
        "there" if controller else "missing", "AWS load balancer controller", "" if controller else "pages need it"
    )
    operator = {"podmonitors.monitoring.coreos.com", "prometheusrules.monitoring.coreos.com"} <= known
    yield Finding("there" if operator else "missing", "Prometheus operator", "" if operator else "alerts need it")


def _names(context: str | None, path: str) -> set[str]:
    return {found["metadata"]["name"] for found in Cluster(context).get(path)["items"]}


def _manifests(overlay: str, environment: Environment, context: str | None) -> Iterator[Finding]:
    manifests = deployment.render(overlay, digests.read_digests(), environment)
    for image in sorted(deployment.unpinned(manifests)):
        yield Finding("missing", f"image {image}", "make build-push")
    for (namespace, name), keys in deployment.secrets_made_by_hand(manifests).items():
        yield _secret_made_by_hand(namespace, name, keys, context)
    try:
        changed = deployment.changes(manifests, context)
    except CommandError as error:
        if 'namespaces "' not in str(error):
            raise
        changed = ["all of them, for the namespace is not there yet"]
    yield Finding("changes" if changed else "there", "objects in the cluster", ", ".join(changed))


def _secret_made_by_hand(namespace: str, name: str, keys: set[str], context: str | None) -> Finding:
    try:
        held: Object = Cluster(context).get(f"/api/v1/namespaces/{namespace}/secrets/{name}").get("data", {})
    except ClusterError as error:
        if error.reason != "NotFound":
            raise
        held = {}
    lacking = ", ".join(sorted(keys - held.keys()))
    detail = f"{lacking}: kubectl -n {namespace} create secret generic {name} …" if lacking else ""
    return Finding("missing" if lacking else "there", f"secret {name}", detail)
