"""A release goes from a commit to a registry that wants credentials, with ECR's own API beside it (moto)."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
import urllib3

from common.errors import ConfigurationError, MissingInputError
from operations import digests, registry, release
from operations.cli import main
from operations.commands import CommandError
from operations.images import Image, container_tool
from operations.registry import Login
from operations.release import DirtyTreeError
from tests.docker.conftest import free_port

PASSWORD = "123456789012-auth-token"  # what moto's ECR gives out
needs_containers = pytest.mark.images


@pytest.fixture
def tool() -> str:
    try:
        return container_tool()
    except ConfigurationError as error:
        pytest.skip(str(error))


@pytest.fixture
def registry_address(tmp_path: Path) -> Iterator[str]:
    """A real registry on the loopback, which lets in nobody without the password."""
    if not (shutil.which("docker-registry") and shutil.which("htpasswd")):
        pytest.skip("docker-registry and htpasswd (Debian: docker-registry, apache2-utils) are not installed")
    users = subprocess.run(["htpasswd", "-Bbn", "AWS", PASSWORD], capture_output=True, text=True, check=True).stdout
    tmp_path.joinpath("htpasswd").write_text(users)
    address = f"127.0.0.1:{free_port()}"
    configuration = {
        "version": "0.1",
        "storage": {"filesystem": {"rootdirectory": str(tmp_path / "registry")}},
        "http": {"addr": address},
        "auth": {"htpasswd": {"realm": "ecr", "path": str(tmp_path / "htpasswd")}},
    }
    tmp_path.joinpath("registry.yml").write_text(json.dumps(configuration))  # YAML holds JSON
    with tmp_path.joinpath("registry.log").open("w") as log:
        server = subprocess.Popen(["docker-registry", "serve", tmp_path / "registry.yml"], stdout=log, stderr=log)
    _wait_until_it_asks_for_a_password(address)
    yield address
    server.terminate()
    server.wait()


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A git repository with one small image in it, and we are in it."""
    path = tmp_path / "repository"
    path.joinpath("docker").mkdir(parents=True)
    path.joinpath("docker/tiny.Dockerfile").write_text('FROM scratch\nCOPY hello /hello\nENTRYPOINT ["/hello"]\n')
    path.joinpath("hello").write_text("hello")
    path.joinpath(".gitignore").write_text("build/\n")
    monkeypatch.chdir(path)
    for command in (
        ["init", "-q"],
        ["add", "."],
        ["-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-qm", "a"],
    ):
        subprocess.run(["git", *command], check=True)
    return path


def build_push(registry_address: str, *options: str) -> str:
    main(["build-push", "tiny", "--registry", registry_address, *options], standalone_mode=False)
    return digests.read_digests()["tiny"]


@needs_containers
def test_an_image_is_built_pushed_and_known_by_its_digest(
    aws: str, tool: str, registry_address: str, repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pushed = build_push(registry_address)
    held = registry.manifest(Login(registry_address, "AWS", PASSWORD), "tiny", release.commit())
    assert held is not None
    assert pushed == f"{registry_address}/tiny@{held.digest}"
    assert held.media_type == registry.DOCKER_MANIFEST, "SageMaker takes no other"
    assert pushed in capsys.readouterr().out
    (found,) = boto3.client("ecr").describe_repositories(repositoryNames=["tiny"])["repositories"]
    assert found["imageTagMutability"] == "IMMUTABLE"
    assert found["imageScanningConfiguration"] == {"scanOnPush": True}
    policy = boto3.client("ecr").get_lifecycle_policy(repositoryName="tiny")["lifecyclePolicyText"]
    assert json.loads(policy) == json.loads(registry.lifecycle_policy())


@needs_containers
def test_what_was_pushed_can_be_pulled_by_its_digest(
    aws: str, tool: str, registry_address: str, repository: Path
) -> None:
    pushed = build_push(registry_address)
    with release.logged_in(Login(registry_address, "AWS", PASSWORD), tool) as environment:
        insecure = ["--tls-verify=false"] if Path(tool).name == "podman" else []
        subprocess.run([tool, "pull", "--quiet", *insecure, pushed], check=True, env=environment)


@needs_containers
def test_a_tag_is_never_pushed_over(aws: str, tool: str, registry_address: str, repository: Path) -> None:
    first = build_push(registry_address)
    repository.joinpath("hello").write_text("another")
    assert build_push(registry_address, "--tag", release.commit(), "--allow-dirty") == first


@needs_containers
def test_a_dirty_tree_is_refused_unless_allowed_and_then_says_so(
    aws: str, tool: str, registry_address: str, repository: Path
) -> None:
    repository.joinpath("hello").write_text("changed")
    with pytest.raises(DirtyTreeError, match=r"1 files differ from the commit \(hello"):
        build_push(registry_address)
    assert build_push(registry_address, "--allow-dirty")
    assert registry.manifest(Login(registry_address, "AWS", PASSWORD), "tiny", release.tag_of_tree())


def test_another_change_of_the_same_commit_is_another_tag(repository: Path) -> None:
    tags = [release.tag_of_tree()]
    for name, content in (("hello", "changed"), ("hello", "changed again"), ("new", "a"), ("new", "b")):
        repository.joinpath(name).write_text(content)
        tags.append(release.tag_of_tree())
    assert tags[0] == release.commit()
    assert len(set(tags)) == len(tags)
    assert all(tag.startswith(f"{tags[0]}-dirty-") for tag in tags[1:])


@pytest.mark.parametrize("kind", ["oci.image.index.v1", "docker.distribution.manifest.list.v2"])
def test_what_docker_pushes_today_is_found(registry_address: str, kind: str) -> None:
    """An index, as BuildKit makes it by default: the registry says 404 to who does not accept one."""
    index = json.dumps({"schemaVersion": 2, "mediaType": f"application/vnd.{kind}+json", "manifests": []})
    headers = urllib3.make_headers(basic_auth=f"AWS:{PASSWORD}") | {"Content-Type": f"application/vnd.{kind}+json"}
    url = f"http://{registry_address}/v2/index/manifests/1"
    assert urllib3.request("PUT", url, body=index, headers=headers).status == 201
    assert registry.manifest(Login(registry_address, "AWS", PASSWORD), "index", "1")


@pytest.mark.parametrize("name", sorted(release.SAGEMAKER))
def test_what_sagemaker_does_not_take_is_refused_and_what_it_takes_is_not(
    aws: str, registry_address: str, name: str, tmp_path: Path
) -> None:
    """A docker whose daemon pushes what it likes, as one with the containerd image store does."""
    tool, credentials = tmp_path / "docker", Login(registry_address, "AWS", PASSWORD)
    tool.write_text('#!/bin/sh\n[ "$1" != login ] || cat > /dev/null\n')
    tool.chmod(0o755)

    def pushed(tag: str, kind: str) -> str:
        put_manifest(registry_address, name, tag, kind)
        return release.push([Image(name)], tool=str(tool), tag=tag, credentials=credentials)[name]

    with pytest.raises(registry.RegistryError, match=rf"^{name}:1 is application/vnd.oci.*, and SageMaker takes"):
        pushed("1", "application/vnd.oci.image.manifest.v1+json")
    assert pushed("2", registry.DOCKER_MANIFEST).startswith(f"{registry_address}/{name}@sha256:")


def put_manifest(address: str, name: str, tag: str, kind: str) -> None:
    """Put an image of no layers, by the distribution API: a configuration, then a manifest of this type."""
    headers = urllib3.make_headers(basic_auth=f"AWS:{PASSWORD}")
    configuration = b"{}"
    digest = f"sha256:{hashlib.sha256(configuration).hexdigest()}"
    started = urllib3.request("POST", f"http://{address}/v2/{name}/blobs/uploads/", headers=headers)
    place = f"{started.headers['Location']}&digest={digest}"
    assert urllib3.request("PUT", place, body=configuration, headers=headers).status == 201
    of_kind = "vnd.oci.image.config.v1" if "oci" in kind else "vnd.docker.container.image.v1"
    config = {"mediaType": f"application/{of_kind}+json", "size": len(configuration), "digest": digest}
    body = json.dumps({"schemaVersion": 2, "mediaType": kind, "config": config, "layers": []})
    answer = urllib3.request(
        "PUT", f"http://{address}/v2/{name}/manifests/{tag}", body=body, headers=headers | {"Content-Type": kind}
    )
    assert answer.status == 201, answer.data


def test_the_push_talks_to_the_daemon_that_the_build_talked_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fake docker: no daemon is needed to see which context it would take, and that no credential comes along."""
    users, tool = tmp_path / "docker-config", tmp_path / "docker"
    users.joinpath("contexts").mkdir(parents=True)
    users.joinpath("config.json").write_text(
        '{"currentContext": "colima", "auths": {"a": {}}, "credsStore": "desktop"}'
    )
    monkeypatch.setenv("DOCKER_CONFIG", str(users))
    tool.write_text("#!/bin/sh\ncat > /dev/null\n")
    tool.chmod(0o755)
    with release.logged_in(Login("127.0.0.1:1", "AWS", PASSWORD), str(tool)) as environment:
        during = Path(environment["DOCKER_CONFIG"])
        assert json.loads(during.joinpath("config.json").read_text()) == {"currentContext": "colima"}
        assert during.joinpath("contexts").resolve() == users / "contexts"


@pytest.mark.parametrize(("tool", "manifest"), [("podman", "--format docker"), ("docker", "oci-mediatypes=false")])
def test_an_image_is_built_for_the_nodes_as_one_docker_manifest(
    tool: str, manifest: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr("operations.images.run", lambda command, **_: asked.extend(map(str, command)))
    image = Image("recs-batch")
    release.build([image], tool=tool, tag="1", platform="linux/amd64")
    assert "--platform linux/amd64" in " ".join(asked)
    assert manifest in " ".join(asked)


@needs_containers
def test_a_wrong_password_is_refused_in_one_line(tool: str, registry_address: str) -> None:
    wrong = Login(registry_address, "AWS", "wrong")
    with pytest.raises(CommandError, match="login failed"), release.logged_in(wrong, tool):
        pass
    with pytest.raises(registry.RegistryError, match="answered 401"):
        registry.manifest(wrong, "tiny", "any")


def test_without_a_release_there_is_nothing_to_deploy(repository: Path) -> None:
    with pytest.raises(MissingInputError, match="make build-push"):
        digests.read_digests()


def test_digests_of_images_that_were_not_pushed_this_time_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "build" / "digests.json"
    digests.write_digests({"a": "r/a@sha256:1", "b": "r/b@sha256:1"}, path)
    digests.write_digests({"b": "r/b@sha256:2"}, path)
    assert digests.read_digests(path) == {"a": "r/a@sha256:1", "b": "r/b@sha256:2"}


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("127.0.0.1:5000", True),
        ("localhost:5000", True),
        ("[::1]:5000", True),
        ("123456789012.dkr.ecr.us-east-1.amazonaws.com", False),
        ("10.0.0.1:5000", False),
    ],
)
def test_only_a_registry_on_this_machine_is_spoken_to_without_tls(address: str, expected: bool) -> None:
    assert registry.is_loopback(address) is expected


def test_an_image_is_found_by_its_dockerfile() -> None:
    image = Image("recs-batch")
    assert image.dockerfile.exists()
    assert image.requirements.exists()
    assert image.local("dev") == "docker.io/library/recs-batch:dev"


def _wait_until_it_asks_for_a_password(address: str) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            if urllib3.request("GET", f"http://{address}/v2/", retries=False).status == 401:
                return
        except urllib3.exceptions.HTTPError:
            time.sleep(0.1)
    raise AssertionError("the registry never came up")
