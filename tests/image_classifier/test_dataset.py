"""Folders that training refuses, duplicates that it finds, and the figures it computes."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from common.errors import DataError, MissingInputError
from image_classifier.dataset import hash_examples, read_split
from image_classifier.drawing import draw_picture
from image_classifier.duplicates import fingerprints, folds, group, near_duplicates
from image_classifier.generate import generate_folder
from image_classifier.statistics import image_statistics, population_stability_index, reference_histograms
from image_classifier.training.calibration import fit_line, fit_temperature, measure, sigmoid


def test_a_folder_is_read_in_order(tmp_path: Path) -> None:
    generate_folder(tmp_path / "drawn", 20, 1)
    examples = read_split(tmp_path / "drawn" / "train")
    assert [example.label for example in examples] == ["chart"] * 8 + ["meme"] * 8
    assert hash_examples(examples) == hash_examples(examples[::-1])


@pytest.mark.parametrize(
    ("files", "error", "words"),
    [
        ([], MissingInputError, "is not a folder"),
        (["chart/a.png"], DataError, "and perhaps 'neither'"),
        (["chart/a.png", "meme/b.png", "other/c.png"], DataError, "other"),
        (["chart/a.png", "meme/notes.txt"], DataError, "notes.txt"),
        (["chart/a.png", "meme/.hidden"], DataError, "holds no images"),
    ],
)
def test_folders_that_are_not_fit_are_refused_in_words(
    tmp_path: Path, files: list[str], error: type[Exception], words: str
) -> None:
    for name in files:
        (tmp_path / "data" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "data" / name).touch()
    with pytest.raises(error, match=words):
        read_split(tmp_path / "data")


@pytest.mark.parametrize("names", [["map/1.png", "page/2.png"], ["1.png", "2.png"]])
def test_what_is_neither_may_lie_beside_the_classes_by_kind_or_not(tmp_path: Path, names: list[str]) -> None:
    for name in ("chart/a.png", "meme/b.heic", *(f"neither/{name}" for name in names)):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = [(example.label, example.kind) for example in read_split(tmp_path)]
    kinds = [name.partition("/")[0] if "/" in name else "" for name in names]
    assert found == [("chart", ""), ("meme", ""), *(("neither", kind) for kind in kinds)]


def test_resized_and_recompressed_copies_are_found_and_other_pictures_are_not() -> None:
    pictures = [draw_picture(kind, 31, number) for number in range(6) for kind in ("chart", "meme")]
    copies = [picture.resize((picture.width // 2, picture.height // 2)) for picture in pictures[:4]]
    pairs = near_duplicates(fingerprints(pictures + copies))
    assert {(place, 12 + place) for place in range(4)} <= set(pairs)
    assert len(pairs) <= 6


def test_every_pair_of_alike_pictures_is_found_wherever_they_stand() -> None:
    random = np.random.default_rng(6)
    vectors = random.normal(size=(5, 3))[random.integers(0, 5, 40)] + random.normal(0, 0.2, (40, 3))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    alike = {(i, j) for j in range(40) for i in range(j) if vectors[i] @ vectors[j] > 0.85}
    assert set(near_duplicates(vectors)) == alike
    assert {j for _, j in alike} > {38, 39}


def test_a_plain_border_makes_no_picture_another_and_no_two_alike() -> None:
    patches = np.random.default_rng(4).integers(0, 256, (6, 6, 8, 3), np.uint8)
    pictures = [Image.fromarray(patch).resize((160, 120)) for patch in patches]
    framed = [ImageOps.expand(picture, picture.width // 2, "#1da1f2") for picture in pictures]
    pairs = near_duplicates(fingerprints(pictures + framed))
    assert {(place, 6 + place) for place in range(6)} <= set(pairs)
    assert len(pairs) == 6


@given(st.integers(1, 60), st.lists(st.tuples(st.integers(0, 59), st.integers(0, 59)), max_size=40), st.integers(0, 9))
@settings(max_examples=50, deadline=None)
def test_folds_keep_groups_whole_and_use_everything(count: int, pairs: list[tuple[int, int]], seed: int) -> None:
    groups = group(count, [pair for pair in pairs if max(pair) < count])
    for first, second in pairs:
        if max(first, second) < count:
            assert groups[first] == groups[second]
    fold_of = folds(groups, np.arange(count) % 2, 5, seed)
    assert set(fold_of) <= set(range(5))
    for name in np.unique(groups):
        assert len(set(fold_of[groups == name])) == 1


def test_folds_are_even_in_size_and_class() -> None:
    labels = np.arange(500) % 2
    fold_of = folds(np.arange(500), labels, 5, 1)
    for fold in range(5):
        assert abs(np.sum(fold_of == fold) - 100) <= 2
        assert abs(labels[fold_of == fold].mean() - 0.5) < 0.03


def test_every_class_is_even_over_the_folds_however_rare_it_is() -> None:
    labels = np.random.default_rng(3).choice(["chart", "meme", "neither"], 400, p=[0.3, 0.62, 0.08])
    fold_of = folds(np.arange(400), labels, 5, 1)
    for kind in np.unique(labels):
        counts = np.bincount(fold_of[labels == kind], minlength=5)
        assert counts.max() - counts.min() <= 1


@given(st.floats(0.3, 4))
@settings(max_examples=20, deadline=None)
def test_the_temperature_that_made_the_logits_is_found_again(temperature: float) -> None:
    random = np.random.default_rng(3)
    true_logits = random.normal(0, 2, 20_000)
    charts = random.random(20_000) < sigmoid(true_logits)
    assert fit_temperature(true_logits * temperature, charts) == pytest.approx(temperature, rel=0.1)
    assert measure(sigmoid(true_logits), charts)["ece"] < 0.02


def test_figures_of_a_perfect_and_of_a_useless_classifier() -> None:
    charts = np.array([True, False] * 50)
    perfect, useless = measure(charts.astype(float), charts), measure(np.full(100, 0.5), charts)
    assert (perfect["accuracy"], perfect["roc_auc"], perfect["ece"]) == (1, 1, 0)
    assert (useless["accuracy"], useless["roc_auc"], useless["ece"]) == (0.5, 0.5, 0)


def test_statistics_of_a_picture_worked_out_by_hand() -> None:
    pixels = np.full((8, 4, 3), 255, np.uint8)
    pixels[0] = [[40, green, 0] for green in (0, 10, 0, 10)]
    pixels[4] = [[0, 20, 60]] * 4  # the other rows are not looked at
    assert image_statistics(pixels) == pytest.approx(
        {"brightness": 12.5, "contrast": 68.75**0.5, "edges": 30 / 6, "colourfulness": 50}
    )


def test_drift_worked_out_by_hand() -> None:
    """Of 3 and 1 images, with half a one more in each bin, 0.7 and 0.3 are seen where 0.5 and 0.5 were expected."""
    wanted = 0.2 * math.log(0.7 / 0.5) - 0.2 * math.log(0.3 / 0.5)
    assert population_stability_index([0.5, 0.5], [3, 1]) == pytest.approx(wanted)


def test_drift_is_nothing_for_the_same_images_and_large_for_others() -> None:
    def arrays(kind: str, seed: int) -> list[np.ndarray]:
        return [np.asarray(draw_picture(kind, seed, number).resize((64, 64))) for number in range(60)]

    reference = reference_histograms(arrays("chart", 1))["contrast"]
    assert sum(reference["shares"]) == pytest.approx(1)

    def drift(images: list[np.ndarray]) -> float:
        values = [image_statistics(image)["contrast"] for image in images]
        counts = np.bincount(np.searchsorted(reference["edges"], values, side="right"), minlength=10)
        return population_stability_index(reference["shares"], counts.tolist())

    assert drift(arrays("chart", 1)) < 0.01
    assert drift([np.zeros((64, 64, 3), np.uint8)] * 60) > 1
    assert population_stability_index(reference["shares"], [0] * 10) == 0


def test_scores_become_logits_whichever_side_is_more_frequent() -> None:
    random = np.random.default_rng(8)
    scores = random.uniform(-2, 3, 40_000)
    truth = np.where(random.random(40_000) < sigmoid(2 * scores - 1), 1.0, 0.0)
    often = np.concatenate([np.flatnonzero(truth), np.flatnonzero(truth == 0)[:500]])  # few of the other side are left
    slope, intercept = fit_line(scores[often], truth[often])
    assert slope == pytest.approx(2, abs=0.2)
    balanced = np.log(np.mean(truth == 0) / np.mean(truth == 1))
    assert intercept == pytest.approx(-1 + balanced, abs=0.3)
    truth[:100] = np.nan
    assert fit_line(scores[:100], truth[:100]) == (1.0, 0.0)
