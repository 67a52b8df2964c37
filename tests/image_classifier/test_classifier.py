"""The shipped artifact: what it says about itself, and when it is unsure."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL.JpegImagePlugin import JpegImageFile

from common.errors import DataError, MissingInputError
from image_classifier.artifact import SHIPPED, Artifact, load_artifact
from image_classifier.classifier import Classifier
from image_classifier.drawing import draw_picture
from image_classifier.evaluate import evaluate
from image_classifier.preprocessing import letterbox
from tests.image_classifier.conftest import REAL_IMAGES, encoded


@pytest.fixture(scope="module")
def classifier(artifact: Artifact) -> Classifier:
    return Classifier(artifact)


def test_the_shipped_artifact_is_small_and_complete(artifact: Artifact) -> None:
    assert len(artifact.model) <= 12_000_000
    assert {
        "model",
        "classes",
        "preprocessing",
        "confidence",
        "calibration",
        "metrics",
        "hyperparameters",
        "provenance",
    } <= set(artifact.description)
    assert (SHIPPED / "MODEL_CARD.md").read_text().startswith("# Model card")
    metrics = artifact.description["metrics"]
    assert metrics["cross_validation"]["mean_fold_accuracy"] >= 0.985
    assert metrics["val"]["accuracy"] >= 0.985
    assert max(metrics[judged]["ece"] for judged in ("cross_validation", "val")) <= 0.03


@pytest.mark.skipif(not REAL_IMAGES.is_dir(), reason="the real images are not beside this checkout")
def test_the_shipped_artifact_is_as_good_on_the_real_images_as_it_says(artifact: Artifact) -> None:
    figures = evaluate(artifact, REAL_IMAGES / "val").figures
    assert figures["accuracy"] == pytest.approx(artifact.description["metrics"]["val"]["accuracy"], abs=0.011)
    assert figures["confident"] > 0.9


def test_decoding_a_large_jpeg_at_a_fraction_of_its_size_changes_no_sure_answer(
    classifier: Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = []
    for number in range(12):
        picture = draw_picture(("chart", "meme")[number % 2], 77, number)
        files.append(encoded(picture.resize((picture.width * 3, picture.height * 3)), "JPEG", quality=90))
    fraction = [classifier.classify(data) for data in files]
    monkeypatch.setattr(JpegImageFile, "draft", lambda *_: None)
    whole = [classifier.classify(data) for data in files]
    sure = [number for number, answer in enumerate(fraction) if answer.probability >= 0.8]
    assert len(sure) >= 10
    assert [fraction[number].label for number in sure] == [whole[number].label for number in sure]
    differences = [
        abs(one.chart_probability - other.chart_probability) for one, other in zip(fraction, whole, strict=True)
    ]
    assert 0 < max(differences) < 0.2


def test_drawn_charts_and_memes_that_it_never_saw_are_told_apart(classifier: Classifier, artifact: Artifact) -> None:
    for label in ("chart", "meme"):
        pictures = [letterbox(draw_picture(label, 4_242, number), artifact.side) for number in range(40)]
        assert np.mean([classifier.answer(pixels).label == label for pixels in pictures]) >= 0.75


def test_what_is_neither_comes_back_unsure(classifier: Classifier, artifact: Artifact) -> None:
    pictures = [letterbox(draw_picture("neither", 4_242, number), artifact.side) for number in range(40)]
    assert np.mean([classifier.answer(pixels).confident for pixels in pictures]) < 0.1


@pytest.mark.parametrize("shade", [0, 30, 128, 200, 255])
def test_a_blank_page_is_never_sure(classifier: Classifier, artifact: Artifact, shade: int) -> None:
    side = artifact.side
    page = np.full((side, side, 3), shade, np.uint8)
    assert not classifier.answer(page).confident
    page[: side // 4] = page[-side // 4 :] = 255
    assert not classifier.answer(page).confident


@pytest.mark.parametrize("grain", [1, 2, 3, 8, 16, 32, 64])
def test_noise_is_never_sure(classifier: Classifier, artifact: Artifact, grain: int) -> None:
    cells = artifact.side // grain + 1
    noise = np.random.default_rng(5).integers(0, 256, (cells, cells, 3)).astype(np.uint8)
    enlarged = noise.repeat(grain, axis=0).repeat(grain, axis=1)[: artifact.side, : artifact.side]
    assert not classifier.answer(enlarged).confident


def test_an_answer_is_the_same_whatever_was_asked_before(classifier: Classifier, artifact: Artifact) -> None:
    pixels = letterbox(draw_picture("chart", 1, 1), artifact.side)
    first = classifier.probabilities(pixels)
    classifier.probabilities(letterbox(draw_picture("meme", 1, 1), artifact.side))
    assert np.array_equal(first, classifier.probabilities(pixels))


def copy_with(tmp_path: Path, **changes: object) -> Path:
    shutil.copytree(SHIPPED, tmp_path / "artifact")
    path = tmp_path / "artifact" / "artifact.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    return tmp_path / "artifact"


def test_artifacts_that_do_not_hold_together_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MissingInputError, match="is not a model artifact"):
        load_artifact(tmp_path)
    folder = copy_with(tmp_path)
    (folder / "model.tflite").write_bytes(b"another model")
    with pytest.raises(DataError, match="SHA-256 differs"):
        load_artifact(folder)
    (folder / "artifact.json").write_text("{")
    with pytest.raises(DataError, match="is not JSON"):
        load_artifact(folder)


def test_a_description_that_lacks_something_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="lacks or garbles"):
        load_artifact(copy_with(tmp_path, preprocessing={}))
