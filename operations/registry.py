"""Amazon ECR and the registry protocol: repositories made as they should be, login, digests.

The registry itself is spoken to over the OCI distribution API, so that any registry can stand in for ECR's.
"""

from __future__ import annotations

import base64
import ipaddress
import json
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import boto3
import urllib3
from botocore.exceptions import ClientError

from common.errors import ApplicationError, UnavailableError

DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
# One manifest, or an index of several: a registry says 404 to who does not accept what it holds.
_MANIFESTS = ", ".join(
    (
        DOCKER_MANIFEST,
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.index.v1+json",
    )
)


class RegistryError(ApplicationError):
    """ECR or the registry refused; the message says what."""


@dataclass(frozen=True)
class Manifest:
    """What a registry holds under a tag: its digest, and its media type."""

    digest: str
    media_type: str


@dataclass(frozen=True)
class Login:
    """Credentials for one registry, good for twelve hours on ECR."""

    registry: str
    user: str
    password: str


def login(registry: str | None) -> Login:
    """Ask ECR for a login; `registry` (host and port) replaces ECR's own address. Raises `RegistryError`."""
    try:
        (data,) = _ecr().get_authorization_token()["authorizationData"]
    except ClientError as error:
        raise RegistryError(f"ECR gives no login: {error}") from None
    user, _, password = base64.b64decode(data["authorizationToken"]).decode().partition(":")
    return Login(registry or data["proxyEndpoint"].removeprefix("https://"), user, password)


def ensure_repository(name: str) -> None:
    """Create the repository unless it exists: scan on push, immutable tags, old images expire."""
    client = _ecr()
    try:
        client.create_repository(
            repositoryName=name,
            imageTagMutability="IMMUTABLE",
            imageScanningConfiguration={"scanOnPush": True},
        )
    except client.exceptions.RepositoryAlreadyExistsException:
        return
    except ClientError as error:
        raise RegistryError(f"cannot create the repository {name}: {error}") from None
    client.put_lifecycle_policy(repositoryName=name, lifecyclePolicyText=lifecycle_policy())


def lifecycle_policy() -> str:
    """Return the policy that repositories get, as JSON."""
    return json.dumps(json.loads(files("operations").joinpath("lifecycle.json").read_text()))


def manifest(credentials: Login, name: str, tag: str) -> Manifest | None:
    """Return what the registry holds under this tag, or None. Raises `RegistryError`, `UnavailableError`."""
    scheme = "http" if is_loopback(credentials.registry) else "https"
    headers = urllib3.make_headers(basic_auth=f"{credentials.user}:{credentials.password}")
    try:
        response = urllib3.request(
            "HEAD",
            f"{scheme}://{credentials.registry}/v2/{name}/manifests/{tag}",
            headers={**headers, "Accept": _MANIFESTS},
            timeout=30,
        )
    except urllib3.exceptions.HTTPError as error:
        raise UnavailableError(f"cannot reach the registry {credentials.registry}: {error}") from None
    if response.status == 404:
        return None
    if response.status != 200:
        raise RegistryError(f"the registry {credentials.registry} answered {response.status} for {name}:{tag}")
    return Manifest(response.headers["Docker-Content-Digest"], response.headers["Content-Type"])


def is_loopback(registry: str) -> bool:
    """Whether a registry is on this machine, which docker and podman then trust without TLS."""
    host = registry.rpartition(":")[0] or registry
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def _ecr() -> Any:
    return boto3.session.Session().client("ecr")
