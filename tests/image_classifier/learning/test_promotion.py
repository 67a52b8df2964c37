"""Promotion: what is no worse is published, what is worse is refused, and an earlier one can be had back."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from common.storage import open_store
from image_classifier.artifact import SHIPPED, Artifact, load_artifact, save_artifact
from image_classifier.cli import main
from image_classifier.drawing import draw_picture
from image_classifier.generate import generate_folder
from image_classifier.learning.models import ARCHIVE, PREFIX, download, latest, published, rollback
from image_classifier.learning.promotion import WorseError, promote
from image_classifier.learning.samples import Samples
from tests.image_classifier.conftest import encoded


def variant(artifact: Artifact, folder: Path, **confidence: float) -> Path:
    """Save the artifact with other thresholds, under another version: behind the model stands a byte nobody reads."""
    described = {**artifact.description, "confidence": {**artifact.description["confidence"], **confidence}}
    save_artifact(folder, artifact.model + b"\0", {k: v for k, v in described.items() if k not in {"model", "classes"}})
    return folder


@pytest.fixture(scope="module")
def fixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fixed") / "drawn"
    generate_folder(folder, 40, 5)
    return folder / "val"


def test_an_artifact_that_is_no_worse_is_published_also_as_sagemaker_wants_it(
    tmp_path: Path, fixed: Path, artifact: Artifact
) -> None:
    models = str(tmp_path / "models")
    assert latest(models) is None
    manifest, compared = promote(SHIPPED, models, fixed, None)
    assert latest(models) == manifest
    assert compared["fixed"]["errors_candidate"] == compared["fixed"]["errors_serving"]
    assert load_artifact(download(models, manifest, tmp_path / "copy")).version == artifact.version
    open_store(models).download(f"{PREFIX}/{manifest.run}/{ARCHIVE}", tmp_path / ARCHIVE)
    with tarfile.open(tmp_path / ARCHIVE) as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
    assert load_artifact(tmp_path / "unpacked").version == artifact.version


def test_a_worse_one_is_refused_on_reviewed_images_and_nothing_changes(
    tmp_path: Path, fixed: Path, artifact: Artifact
) -> None:
    models, feedback = str(tmp_path / "models"), tmp_path / "feedback"
    first, _ = promote(SHIPPED, models, fixed, None)
    samples = Samples(open_store(str(feedback)))
    for number in range(30):
        name = f"20261120-{number:016x}"
        samples.keep(name, encoded(draw_picture("neither", 4, number)), {})
        samples.review(name, "neither")
    blind = variant(artifact, tmp_path / "blind", familiarity=0.0)
    with pytest.raises(WorseError, match="reviewed images it gets"):
        promote(blind, models, fixed, str(feedback))
    assert latest(models) == first
    done = CliRunner().invoke(main, ["promote", str(blind), "--models", models, "--fixed", str(fixed)])
    assert done.exit_code == 0, done.output  # on posts alone it is as good
    assert latest(models) != first
    assert [manifest.run for manifest in published(models)] == [first.run, latest(models).run]
    assert rollback(models, first.run).run == first.run
    assert latest(models) == first


def test_the_published_are_listed(tmp_path: Path, fixed: Path) -> None:
    models = str(tmp_path / "models")
    promote(SHIPPED, models, fixed, None)
    done = CliRunner().invoke(main, ["models", "--models", models])
    assert done.exit_code == 0
    assert "latest" in done.output
