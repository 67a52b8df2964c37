"""Training on drawn images, as processes: needs TensorFlow, so `make test-training` runs it in .venv-training."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="TensorFlow is in .venv-training only: make test-training")

from image_classifier.artifact import load_artifact
from image_classifier.classifier import Classifier
from image_classifier.generate import generate_folder
from image_classifier.training.export import to_litert
from image_classifier.training.network import build_network, join_members

TINY = [
    "--epochs",
    "1",
    "--members",
    "2",
    "--side",
    "32",
    "--drawn",
    "4",
    "--neither",
    "4",
    "--width",
    "0.25",
    "--batch",
    "8",
]


def run(command: str, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    variables = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", **environment}
    arguments = [sys.executable, "-m", "image_classifier", command, *options]
    return subprocess.run(arguments, capture_output=True, text=True, env=variables)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "images"
    generate_folder(folder, 60, 3)
    return folder


@pytest.fixture(scope="module")
def trained(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    places = {name: str(folder / name) for name in ("out", "checkpoints", "tracking")}
    options = [part for name, place in places.items() for part in (f"--{name}", place)]
    done = run("train", "--data", str(data), *options, "--report", str(folder / "report.html"), *TINY)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "val_accuracy=" in done.stdout
    return folder


def test_the_artifact_says_how_it_came_to_be(trained: Path) -> None:
    artifact = load_artifact(trained / "out")
    described = artifact.description
    assert described["hyperparameters"]["epochs"] == 1
    assert {"data_sha256", "code_sha256", "lock_sha256", "tensorflow"} <= set(described["provenance"])
    assert set(described["metrics"]) == {"cross_validation", "val"}
    assert set(described["reference"]) == {"brightness", "contrast", "edges", "colourfulness"}
    pixels = np.zeros((32, 32, 3), np.uint8)
    assert Classifier(artifact).answer(pixels).label in {"chart", "meme"}


def test_the_report_has_figures_curves_and_pictures_of_errors(trained: Path) -> None:
    report = (trained / "report.html").read_text()
    for part in ("Confusion matrix", "ROC and calibration curves", "The worst errors", "data:image/png;base64"):
        assert part in report


def test_the_run_is_tracked(trained: Path) -> None:
    import mlflow

    mlflow.set_tracking_uri(f"sqlite:///{trained / 'tracking' / 'mlflow.db'}")
    (found,) = mlflow.MlflowClient().search_runs([mlflow.get_experiment_by_name("image_classifier").experiment_id])
    assert found.data.params["epochs"] == "1"
    assert "val_accuracy" in found.data.metrics


def test_training_again_gives_the_same_model_and_checkpoints_go_on(trained: Path, data: Path, tmp_path: Path) -> None:
    """One checkpoint is lost, as on an interruption: the other is used, the lost one is fitted again, bit for bit."""
    first, *_ = sorted((trained / "checkpoints").glob("*.npz"))
    first.unlink()
    options = ["--checkpoints", str(trained / "checkpoints"), "--out", str(tmp_path / "again")]
    done = run("train", "--data", str(data), *options, *TINY)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stderr.count('"fitting"') == 1
    assert load_artifact(tmp_path / "again").version == load_artifact(trained / "out").version


def test_sagemakers_layout_is_enough_and_a_failure_leaves_its_reason(data: Path, tmp_path: Path) -> None:
    channels = tmp_path / "input" / "data"
    channels.mkdir(parents=True)
    for name in ("train", "val"):
        (channels / name).symlink_to(data / name)
    (tmp_path / "input" / "config").mkdir()
    strings = {name[2:].replace("-", "_"): value for name, value in zip(TINY[::2], TINY[1::2], strict=True)}
    (tmp_path / "input" / "config" / "hyperparameters.json").write_text(json.dumps(strings))
    done = run("train", ML_ROOT=str(tmp_path))
    assert done.returncode == 0, done.stderr[-3000:]
    assert load_artifact(tmp_path / "model").side == 32
    assert (tmp_path / "output" / "data" / "report.html").exists()
    (tmp_path / "input" / "config" / "hyperparameters.json").write_text('{"epochs": "many"}')
    failed = run("train", ML_ROOT=str(tmp_path))
    assert failed.returncode == 78
    assert "epochs" in (tmp_path / "output" / "failure").read_text()


def test_a_search_writes_the_best_and_goes_on(data: Path, tmp_path: Path) -> None:
    places = ["--study", str(tmp_path / "study.db"), "--best", str(tmp_path / "best.json"), "--trials", "1"]
    for _ in range(2):
        done = run("tune", "--data", str(data), *places, *TINY)
        assert done.returncode == 0, done.stderr[-3000:]
    best = json.loads((tmp_path / "best.json").read_text())
    assert best["side"] == 32
    import optuna

    study = optuna.load_study(study_name=None, storage=f"sqlite:///{tmp_path / 'study.db'}")
    assert len(study.trials) == 2


def test_litert_and_keras_agree() -> None:
    members = [build_network(32, 0.5, 0.0) for _ in range(2)]
    model = join_members(members, 32, 1.7)
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=to_litert(model), num_threads=1)
    interpreter.allocate_tensors()
    for pixels in np.random.default_rng(1).integers(0, 256, (20, 1, 32, 32, 3)).astype(np.uint8):
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], pixels)
        interpreter.invoke()
        answer = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
        assert np.abs(answer - np.asarray(model(pixels))).max() < 1e-5


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--data", "/nowhere", "--out", "x"], 66, "/nowhere is not there"),
        (["--out", "x"], 78, "no data"),
        (["--data", "x", "--out", "y", "--epochs", "0"], 78, "epochs"),
    ],
)
def test_wrong_usage_is_one_line(options: list[str], code: int, words: str) -> None:
    done = run("train", *options)
    assert done.returncode == code
    assert words in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
