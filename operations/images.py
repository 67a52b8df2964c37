"""The images: one for each Dockerfile in docker/, built by docker or podman from the repository's root."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from common.errors import ConfigurationError
from common.version import version as project_version
from operations.commands import run

DOCKERFILES = Path("docker")
# Docker reads `name:tag` as this; podman needs it said. With it kind finds an image whichever tool built it.
LOCAL_REGISTRY = "docker.io/library"
# What an overlay of k8s/ runs. Training's and Spark's, two gigabytes of TensorFlow and a JVM, are built by name.
DEPLOYED = ("image-classifier", "recs-batch", "sentiment-minibatch")


@dataclass(frozen=True)
class Image:
    """An image by its name in registries and clusters, such as `recs-batch`."""

    name: str

    @property
    def dockerfile(self) -> Path:
        """How it is built."""
        return DOCKERFILES / f"{self.name}.Dockerfile"

    @property
    def requirements(self) -> Path:
        """The hash-locked Python packages in it."""
        return Path("requirements") / f"{self.name.replace('-', '_')}.txt"

    def local(self, tag: str) -> str:
        """Its name on this machine."""
        return f"{LOCAL_REGISTRY}/{self.name}:{tag}"


def choose(names: tuple[str, ...]) -> list[Image]:
    """Return the images of these names, all of them for no name. Raises `ConfigurationError` for an unknown one."""
    known = sorted(path.name.removesuffix(".Dockerfile") for path in DOCKERFILES.glob("*.Dockerfile"))
    for name in names:
        if name not in known:
            raise ConfigurationError(f"there is no image {name!r}; there are {', '.join(known)}")
    return [Image(name) for name in names or known]


def container_tool() -> str:
    """Return CONTAINER_TOOL, or docker or podman, whichever works here. Raises `ConfigurationError` if neither does."""
    if chosen := os.environ.get("CONTAINER_TOOL"):
        return chosen
    for tool in ("docker", "podman"):
        # a docker client without its daemon ends with an error
        if shutil.which(tool) and not subprocess.run([tool, "version"], capture_output=True, check=False).returncode:
            return tool
    raise ConfigurationError("neither docker nor podman works here; images need one of them")


def build(
    image: Image,
    *,
    tool: str,
    tag: str,
    version: str,
    created: str,
    base: str | None = None,
    platform: str | None = None,
) -> None:
    """Build an image as `name:tag`, for this machine's platform or another, such as `linux/amd64`.

    `base` replaces the Dockerfile's base image, for example by one with a digest.
    """
    arguments = {"PROJECT_VERSION": project_version(), "CODE_VERSION": version, "CREATED": created} | (
        {"BASE": base} if base else {}
    )
    options = [option for name, value in arguments.items() for option in ("--build-arg", f"{name}={value}")]
    options += ["--platform", platform] if platform else []
    options += _docker_manifest(tool, image.local(tag))
    run([tool, "build", *options, "--file", image.dockerfile, "."], show=True)


def _docker_manifest(tool: str, reference: str) -> list[str]:
    """Return the options that make one Docker manifest, named `reference`: SageMaker takes no OCI index.

    OCI's own format has no health check, either. https://docs.docker.com/build/exporters/image-registry/
    """
    if Path(tool).name == "podman":
        return ["--format", "docker", "--tag", reference]
    return ["--provenance=false", "--sbom=false", "--output", f"type=image,oci-mediatypes=false,name={reference}"]


def size(reference: str, tool: str) -> int:
    """Return an image's size in bytes, unpacked."""
    return int(run([tool, "image", "inspect", "--format", "{{.Size}}", reference]))
