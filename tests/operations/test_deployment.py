"""What is applied is what was pushed, and the migrations go before whatever needs them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
import yaml

from common.errors import ApplicationError, ConfigurationError
from operations import deployment
from operations.following import JobFollower

PUSHED = {
    name: f"registry.example.com/{name}@sha256:{'0' * 64}"
    for name in ("image-classifier", "recs-batch", "sentiment-minibatch")
}

pytestmark = pytest.mark.skipif(
    not shutil.which("kubectl"), reason="kubectl is not installed; it renders the manifests"
)


@pytest.fixture
def kubectl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A kubectl that renders as ever and writes down what it is asked to apply and delete."""
    asked = tmp_path / "asked"
    real = shutil.which("kubectl")
    script = tmp_path / "bin" / "kubectl"
    script.parent.mkdir()
    script.write_text(
        "#!/bin/sh\n"
        f'[ "$1" = kustomize ] && exec {real} "$@"\n'
        f'[ "$1" = delete ] && echo "delete: $2/$3" >> {asked}\n'
        f'[ "$1" = apply ] && grep -h "^kind:" "$3" >> {asked}\n'
        "exit 0\n"
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{script.parent}:{os.environ['PATH']}")
    return asked


def ended_with(code: int) -> type:
    class Ended(JobFollower):
        def __init__(self, *_: object) -> None:
            pass

        def follow(self, job: str) -> int:
            return code

    return Ended


def test_every_image_is_pinned_to_the_digest_that_was_pushed() -> None:
    manifests = deployment.render("aws", PUSHED)
    assert deployment.unpinned(manifests) == set()
    assert PUSHED["recs-batch"] in deployment.dump(manifests)


def test_an_image_that_was_not_pushed_is_named() -> None:
    manifests = deployment.render("aws", {"recs-batch": PUSHED["recs-batch"]})
    assert {image.rpartition("/")[2] for image in deployment.unpinned(manifests)} == {
        "image-classifier:dev",
        "sentiment-minibatch:dev",
    }


def test_what_is_dumped_is_what_was_rendered() -> None:
    manifests = deployment.render("local")
    assert list(yaml.safe_load_all(deployment.dump(manifests))) == manifests


def test_migrations_go_after_the_database_and_before_whatever_needs_them(
    kubectl: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deployment, "JobFollower", ended_with(0))
    deployment.apply(deployment.render("local"), context=None, write=print)
    asked = kubectl.read_text().splitlines()
    job, deleted = asked.index("kind: Job"), asked.index("delete: job/sentiment-migrate")
    before, after = set(asked[:deleted]), set(asked[job + 1 :])
    assert {"kind: Namespace", "kind: Secret", "kind: StatefulSet", "kind: NetworkPolicy"} <= before
    assert after == {"kind: Deployment", "kind: CronJob"}
    assert deleted < job


def test_after_a_failed_migration_the_workloads_stay_as_they_were(
    kubectl: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deployment, "JobFollower", ended_with(65))
    with pytest.raises(ApplicationError, match="ended with 65"):
        deployment.apply(deployment.render("local"), context=None, write=print)
    assert "kind: Deployment" not in kubectl.read_text()


def test_an_unknown_environment_is_refused_with_those_there_are() -> None:
    with pytest.raises(ConfigurationError, match="there are airflow, aws, local, sign-in, spark"):
        deployment.render("production")
