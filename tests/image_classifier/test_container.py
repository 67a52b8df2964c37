"""SageMaker's contract for a serving container, by processes: the model it unpacks, /ping, /invocations, SIGTERM."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from image_classifier.artifact import SHIPPED, Artifact
from image_classifier.serving.settings import ServiceSettings
from tests.image_classifier.conftest import Serve


@pytest.fixture
def layout(tmp_path: Path) -> Path:
    """SageMaker unpacks the model.tar.gz that a training job wrote into /opt/ml/model."""
    with tarfile.open(tmp_path / "model.tar.gz", "w:gz") as archive:
        for file in SHIPPED.iterdir():
            archive.add(file, file.name)
    with tarfile.open(tmp_path / "model.tar.gz") as archive:
        archive.extractall(tmp_path / "ml" / "model", filter="data")
    return tmp_path / "ml"


def test_the_unpacked_model_answers_pings_and_invocations(
    serve: Serve, layout: Path, artifact: Artifact, chart: bytes
) -> None:
    service = serve(ML_ROOT=str(layout))
    assert json.loads(service.get("/ping"))["model_version"] == artifact.version
    answer = json.loads(service.post("/invocations", chart, "image/png"))
    assert answer["class"] == "chart"
    service.process.send_signal(signal.SIGTERM)
    assert service.process.wait(40) == 0


def test_an_unfit_model_ends_the_container_at_once_with_its_reason(layout: Path) -> None:
    (layout / "model" / "artifact.json").unlink()
    run = subprocess.run(
        [sys.executable, "-m", "image_classifier", "serve"],
        env={**os.environ, "ML_ROOT": str(layout)},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 66
    assert f"{layout}/model is not a model artifact: artifact.json is not there" in run.stderr


def test_a_setting_wins_over_the_unpacked_model_and_that_over_the_shipped_one(
    monkeypatch: pytest.MonkeyPatch, layout: Path, tmp_path: Path
) -> None:
    assert ServiceSettings(artifact=str(tmp_path)).artifact_directory == tmp_path
    monkeypatch.setenv("ML_ROOT", str(layout))
    assert ServiceSettings().artifact_directory == layout / "model"
    monkeypatch.setenv("ML_ROOT", "/nowhere")
    assert ServiceSettings().artifact_directory == SHIPPED
