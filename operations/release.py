"""A release: images built from a clean commit, pushed under its hash, their digests written down for `deploy`."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from common.errors import ApplicationError
from operations import images, registry
from operations.commands import run
from operations.images import Image
from operations.registry import Login, Manifest

SAGEMAKER = {"image-classifier", "image-classifier-training"}


class DirtyTreeError(ApplicationError):
    """The working tree differs from its commit, so a tag made of that commit's hash would lie."""


def commit() -> str:
    """Return the first twelve digits of the commit that is checked out."""
    return run(["git", "rev-parse", "--short=12", "HEAD"]).strip()


def commit_time() -> str:
    """Return the commit's time as RFC 3339, so that building it twice labels it alike."""
    return run(["git", "show", "--no-patch", "--format=%cI", "HEAD"]).strip()


def changed_files() -> list[str]:
    """Return what git sees that is not in the commit: changes and new files."""
    return [line[3:] for line in run(["git", "status", "--porcelain"]).splitlines()]


def refuse_dirty_tree() -> None:
    """Raise `DirtyTreeError` if anything is not in the commit."""
    if changed := changed_files():
        raise DirtyTreeError(
            f"{len(changed)} files differ from the commit ({changed[0]}, …): commit them, or set ALLOW_DIRTY=1"
        )


def tag_of_tree() -> str:
    """Return the commit, and where the tree differs from it a hash of how: another change is another tag."""
    if not changed_files():
        return commit()
    difference = hashlib.sha256(run(["git", "diff", "--binary", "HEAD"]).encode())
    for name in run(["git", "ls-files", "--others", "--exclude-standard", "-z"]).split("\0")[:-1]:
        difference.update(name.encode() + b"\0" + Path(name).read_bytes())
    return f"{commit()}-dirty-{difference.hexdigest()[:12]}"


def build(
    chosen: Iterable[Image], *, tool: str, tag: str, base: str | None = None, platform: str | None = None
) -> None:
    """Build images of the checked-out tree as `name:tag`."""
    for image in chosen:
        images.build(image, tool=tool, tag=tag, version=tag, created=commit_time(), base=base, platform=platform)


def push(chosen: Iterable[Image], *, tool: str, tag: str, credentials: Login) -> dict[str, str]:
    """Push images that were built as `name:tag` and return `registry/name@digest` for each.

    A tag that the registry has already is left as it is: tags are immutable. Raises `RegistryError` for an image of
    SageMaker's whose manifest SageMaker does not take, whoever pushed it.
    """
    pushed = {}
    with logged_in(credentials, tool) as environment:
        for image in chosen:
            registry.ensure_repository(image.name)
            held = registry.manifest(credentials, image.name, tag) or _push(image, tool, tag, credentials, environment)
            if image.name in SAGEMAKER and held.media_type != registry.DOCKER_MANIFEST:
                raise registry.RegistryError(
                    f"{image.name}:{tag} is {held.media_type}, and SageMaker takes {registry.DOCKER_MANIFEST} alone: "
                    "delete the tag there, and let `make build-push` build and push it"
                )
            pushed[image.name] = f"{credentials.registry}/{image.name}@{held.digest}"
    return pushed


def _push(image: Image, tool: str, tag: str, credentials: Login, environment: Mapping[str, str]) -> Manifest:
    remote = f"{credentials.registry}/{image.name}:{tag}"
    run([tool, "tag", image.local(tag), remote])
    run([tool, "push", *_transport(tool, credentials), remote], show=True, environment=environment)
    held = registry.manifest(credentials, image.name, tag)
    if held is None:
        raise registry.RegistryError(f"{remote} was pushed and the registry does not have it")
    return held


@contextmanager
def logged_in(credentials: Login, tool: str) -> Iterator[dict[str, str]]:
    """Log in with credentials that are gone afterwards, and yield the environment that has them."""
    with tempfile.TemporaryDirectory() as directory:
        _keep_context(Path(directory))
        environment = {
            **os.environ,
            "DOCKER_CONFIG": directory,
            "REGISTRY_AUTH_FILE": str(Path(directory, "config.json")),
        }
        options = ["--username", credentials.user, "--password-stdin", *_transport(tool, credentials)]
        run([tool, "login", *options, credentials.registry], stdin=credentials.password, environment=environment)
        yield environment


def _transport(tool: str, credentials: Login) -> list[str]:
    # docker takes a registry on the loopback without TLS by itself
    insecure = Path(tool).name == "podman" and registry.is_loopback(credentials.registry)
    return ["--tls-verify=false"] if insecure else []


def _keep_context(directory: Path) -> None:
    """Let docker's new, empty configuration talk to the same daemon as the user's: colima, rootless, Docker Desktop."""
    users = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")
    for kept in ("contexts", "cli-plugins"):
        if (users / kept).exists():
            (directory / kept).symlink_to((users / kept).absolute())
    with suppress(FileNotFoundError):
        configuration = json.loads((users / "config.json").read_text())
        context = {key: configuration[key] for key in ("currentContext", "cliPluginsExtraDirs") if key in configuration}
        (directory / "config.json").write_text(json.dumps(context))
