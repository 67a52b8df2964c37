"""Samples in a store: kept, claimed, reviewed, taken back, and gone when they are too old or too many."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from common.errors import MissingInputError
from common.storage import open_store
from image_classifier.drawing import draw_picture
from image_classifier.learning.promotion import fetch_reviewed
from image_classifier.learning.samples import Samples, new_sample_id
from tests.image_classifier.conftest import encoded

ANSWER = {"class": "meme", "probability": 0.7, "neither": False, "model_version": "abc"}


@pytest.fixture
def samples(tmp_path: Path) -> Samples:
    return Samples(open_store(str(tmp_path)))


def aged(days: int, number: int) -> str:
    return f"{datetime.now(UTC) - timedelta(days=days):%Y%m%d}-{number:016x}"


def test_a_sample_has_its_image_its_answer_and_what_was_said_of_it(samples: Samples) -> None:
    name = new_sample_id()
    samples.keep(name, b"image", ANSWER)
    samples.claim(name, "chart")
    (kept,) = samples.all()
    assert samples.find(name) == kept
    assert samples.image(kept) == b"image"
    assert samples.answer(kept) == {**ANSWER, "claim": "chart"}
    assert not kept.reviewed
    samples.review(name, "neither")
    (kept,) = samples.all()
    assert samples.label(kept) == "neither"
    samples.take_back(name)
    (kept,) = samples.all()
    assert not kept.reviewed


@pytest.mark.parametrize("name", ["", "..", "20261128-../../../etc", "20261128-0123456789abcdeg"])
def test_what_is_no_id_is_no_sample(samples: Samples, name: str) -> None:
    with pytest.raises(MissingInputError):
        samples.has(name)
    with pytest.raises(MissingInputError):
        samples.review(name, "chart")


def test_what_is_too_old_goes_and_then_the_oldest_of_what_is_too_much(samples: Samples) -> None:
    for number in range(10):
        samples.keep(aged(10 - number, number), b"x" * 100, ANSWER)
    assert samples.expire(days=8, most_bytes=500) == 500
    assert sorted(sample.id for sample in samples.all()) == [aged(10 - number, number) for number in range(5, 10)]
    assert samples.expire(days=30, most_bytes=10_000) == 500


def test_training_gets_what_was_reviewed_but_for_one_in_five(samples: Samples, tmp_path: Path) -> None:
    image = encoded(draw_picture("chart", 1, 1))
    for number in range(50):
        samples.keep(aged(1, number), image, ANSWER)
        if number % 2:
            samples.review(aged(1, number), "neither" if number % 3 else "chart")
    held_out = {sample.id for sample in samples.all() if sample.reviewed and sample.held_out}
    assert 0 < len(held_out) < 15
    assert fetch_reviewed(str(tmp_path), tmp_path / "copy") == 25 - len(held_out)
    copied = {path.stem: path.parent.name for path in (tmp_path / "copy").rglob("*.png")}
    assert copied == {
        aged(1, number): "neither" if number % 3 else "chart"
        for number in range(1, 50, 2)
        if aged(1, number) not in held_out
    }
