"""Training on drawn images, as processes: needs TensorFlow, so `make test-training` runs it in .venv-training."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="TensorFlow is in .venv-training only: make test-training")

from common.errors import DataError
from image_classifier.artifact import load_artifact
from image_classifier.classifier import Classifier
from image_classifier.drawing import draw_picture
from image_classifier.generate import generate_folder
from image_classifier.training.backbone import folded, weights_path
from image_classifier.training.export import join, to_litert
from image_classifier.training.features import see
from image_classifier.training.fitting import Head, Layer, Member, fit_known, mean_head
from image_classifier.training.pictures import Pictures
from image_classifier.training.weights_file import read_weights

CHANNELS = 1408
SETTINGS = {"epochs": 30, "members": 2, "side": 64, "views": 2, "drawn": 4, "neither": 8, "batch": 8}
TINY = [part for name, value in SETTINGS.items() for part in (f"--{name}", str(value))]


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
    assert described["hyperparameters"]["epochs"] == SETTINGS["epochs"]
    assert {"data_sha256", "code_sha256", "backbone_sha256", "lock_sha256", "tensorflow"} <= set(
        described["provenance"]
    )
    assert set(described["metrics"]) == {"cross_validation", "val"}
    assert set(described["reference"]) == {"brightness", "contrast", "edges", "colourfulness"}
    pixels = np.zeros((64, 64, 3), np.uint8)
    assert Classifier(artifact).answer(pixels).label in {"chart", "meme"}


def test_what_imagenet_taught_makes_a_few_images_enough(trained: Path) -> None:
    metrics = load_artifact(trained / "out").description["metrics"]
    assert metrics["cross_validation"]["mean_fold_accuracy"] > 0.75
    assert metrics["val"]["accuracy"] > 0.75


def test_the_report_has_figures_curves_and_pictures_of_errors(trained: Path) -> None:
    report = (trained / "report.html").read_text()
    for part in ("Confusion matrix", "ROC and calibration curves", "The worst errors", "data:image/png;base64"):
        assert part in report


def test_the_run_is_tracked(trained: Path) -> None:
    import mlflow

    mlflow.set_tracking_uri(f"sqlite:///{trained / 'tracking' / 'mlflow.db'}")
    (found,) = mlflow.MlflowClient().search_runs([mlflow.get_experiment_by_name("image_classifier").experiment_id])
    assert found.data.params["epochs"] == str(SETTINGS["epochs"])
    assert "val_accuracy" in found.data.metrics


def test_training_again_gives_the_same_model_and_checkpoints_go_on(trained: Path, data: Path, tmp_path: Path) -> None:
    """One checkpoint is lost, as on an interruption: the other is used, the lost one is fitted again, bit for bit."""
    (first,) = (trained / "checkpoints").glob("member0-*.npz")
    first.unlink()
    options = ["--checkpoints", str(trained / "checkpoints"), "--out", str(tmp_path / "again")]
    done = run("train", "--data", str(data), *options, *TINY)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stderr.count('"fitting"') == 1
    assert (
        len(list((trained / "checkpoints").glob("*.npz"))) == 5
    )  # two members, the real images, them as posted, and the drawn ones
    assert load_artifact(tmp_path / "again").version == load_artifact(trained / "out").version


def test_sagemakers_layout_is_enough_and_a_failure_leaves_its_reason(data: Path, tmp_path: Path) -> None:
    channels = tmp_path / "input" / "data"
    channels.mkdir(parents=True)
    for name in ("train", "val"):
        (channels / name).symlink_to(data / name)
    (tmp_path / "input" / "config").mkdir()
    strings = {name: str(value) for name, value in SETTINGS.items()}
    (tmp_path / "input" / "config" / "hyperparameters.json").write_text(json.dumps(strings))
    done = run("train", ML_ROOT=str(tmp_path))
    assert done.returncode == 0, done.stderr[-3000:]
    assert load_artifact(tmp_path / "model").side == 64
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
    assert best["side"] == 64
    import optuna

    study = optuna.load_study(study_name=None, storage=f"sqlite:///{tmp_path / 'study.db'}")
    assert len(study.trials) == 2


def random_head(seed: int) -> Head:
    random = np.random.default_rng(seed)

    def layer(channels: int, units: int, scale: float) -> Layer:
        return Layer(random.normal(0, scale, (channels, units)), random.normal(0, 1, units))

    return Head(layer(CHANNELS, 1, 0.005), layer(CHANNELS, 2, 0.005))


def test_litert_and_keras_agree() -> None:
    model = join(64, random_head(1).calibrated(1.7, np.array([[0.5, 0.1], [2.0, -0.2]])))
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=to_litert(model), num_threads=1)
    interpreter.allocate_tensors()
    answers = []
    for pixels in np.random.default_rng(1).integers(0, 256, (20, 1, 64, 64, 3)).astype(np.uint8):
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], pixels)
        interpreter.invoke()
        answers.append(interpreter.get_tensor(interpreter.get_output_details()[0]["index"]))
        assert np.abs(answers[-1] - np.asarray(model(pixels))).max() < 1e-5
    assert np.ptp(answers, axis=0).min() > 1e-3


def test_the_mean_of_heads_has_the_mean_of_their_logits_and_is_calibrated_part_by_part() -> None:
    heads = [random_head(seed) for seed in range(3)]
    features = np.random.default_rng(9).normal(0, 1, (5, CHANNELS))
    mean = mean_head([Member(head, np.arange(0), np.zeros((0, 3))) for head in heads])
    parts = np.mean([head.parts(features) for head in heads], axis=0)
    assert mean.parts(features) == pytest.approx(parts)
    assert mean.logits(features) == pytest.approx(np.stack([parts[:, 0], parts[:, 1:].min(axis=1)], axis=1))
    calibrated = mean.calibrated(2.0, np.array([[3.0, 0.5], [0.25, -1.0]]))
    assert calibrated.parts(features) == pytest.approx(parts * [0.5, 3.0, 0.25] + [0.0, 0.5, -1.0])


def test_strangers_are_told_from_posts_and_those_that_a_column_says_nothing_of_do_not_count() -> None:
    random = np.random.default_rng(4)
    features = random.normal(0, 1, (300, 5)).astype(np.float32)
    known = np.repeat([1.0, 0.0, np.nan], 100)
    features[100:200, 2] += 4
    features[200:, 3] += 100
    layer = fit_known(features, known, np.ones(300, np.float32), 0.01)
    scores = layer(features)
    assert scores[:100].min() > -0.7
    assert scores[100:200].max() < 0.7
    assert np.mean((scores[:200] > 0) == (known[:200] > 0.5)) > 0.95
    assert abs(layer.kernel[3]) < 0.1


@pytest.mark.parametrize(
    ("convolution", "normalisation"),
    [
        ("_conv_stem", "_bn0"),
        ("_blocks.3._expand_conv", "_blocks.3._bn0"),
        ("_blocks.3._depthwise_conv", "_blocks.3._bn1"),
    ],
)
def test_a_folded_convolution_is_the_convolution_and_the_normalisation_behind_it(
    convolution: str, normalisation: str
) -> None:
    """Checked at one place of a random image, by the formulas of both layers."""
    weights = read_weights(weights_path())
    kernel, bias = folded(weights, convolution, normalisation)
    original = weights[f"{convolution}.weight"]  # (out, in, high, wide)
    depthwise = "depthwise" in convolution
    shape = (original.shape[0], *original.shape[2:]) if depthwise else original.shape[1:]
    patch = np.random.default_rng(2).normal(0, 1, shape)
    convolved = (original[:, 0] * patch).sum(axis=(1, 2)) if depthwise else (original * patch).sum(axis=(1, 2, 3))
    gain, shift, mean, variance = (
        weights[f"{normalisation}.{part}"] for part in ("weight", "bias", "running_mean", "running_var")
    )
    expected = (convolved - mean) / np.sqrt(variance + 1e-3) * gain + shift
    places = patch.transpose(1, 2, 0)
    products = kernel[..., 0] * places if depthwise else kernel * places[..., None]
    assert products.sum(axis=(0, 1) if depthwise else (0, 1, 2)) + bias == pytest.approx(expected, rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("content", [pickle.dumps(os.getcwd), b"", b"no weights", pickle.dumps(1) * 3])
def test_a_file_that_is_no_weights_is_refused_and_runs_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "weights.pth").write_bytes(content)
    with pytest.raises(DataError, match="is not a file of weights"):
        read_weights(tmp_path / "weights.pth")


def test_each_picture_is_seen_as_it_is_and_in_variants_that_follow_from_the_seed() -> None:
    class Means:
        """A backbone whose one feature is the mean of the image."""

        input_shape, output_shape = (None, 32, 32, 3), (None, 1)

        def predict_on_batch(self, pixels: np.ndarray) -> np.ndarray:
            return pixels.mean(axis=(1, 2, 3))[:, None]

    pictures = Pictures([draw_picture("chart", 3, number) for number in range(3)], np.ones((3, 3), np.float32))
    views = see(Means(), pictures, 4, 5, "looking")
    assert views.features.shape == (3, 4, 1)
    assert views.features[:, 0, 0] == pytest.approx(pictures.arrays(32).mean(axis=(1, 2, 3)))
    assert len(np.unique(views.features)) >= 11  # a variant that is only mirrored has the mean of the picture
    assert np.array_equal(views.features, see(Means(), pictures, 4, 5, "looking").features)
    assert not np.array_equal(views.features, see(Means(), pictures, 4, 6, "looking").features)


def test_a_study_of_other_settings_is_refused(data: Path, tmp_path: Path) -> None:
    places = ["--study", str(tmp_path / "study.db"), "--best", str(tmp_path / "best.json"), "--trials", "1"]
    assert run("tune", "--data", str(data), *places, *TINY).returncode == 0
    other = run("tune", "--data", str(data), *places, *TINY, "--views", "3")
    assert other.returncode == 78
    assert "is a study with another views" in other.stderr.splitlines()[-1]


def test_what_is_neither_is_judged_on_kinds_that_a_head_has_not_seen(data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "val").symlink_to(data / "val")
    for label in ("chart", "meme"):
        (folder / "train").mkdir(exist_ok=True)
        (folder / "train" / label).symlink_to(data / "train" / label)
    for kind in ("one", "two"):
        (folder / "train" / "neither" / kind).mkdir(parents=True)
        for number in range(6):
            draw_picture("neither", 5, number).save(folder / "train" / "neither" / kind / f"{number}.png")
    done = run("train", "--data", str(folder), "--out", str(tmp_path / "out"), *TINY)
    assert done.returncode == 0, done.stderr[-3000:]
    figures = load_artifact(tmp_path / "out").description["metrics"]["neither"]
    assert set(figures["sure_by_kind"]) == {"one", "two"}
    assert 0 <= figures["roc_auc"] <= 1


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
