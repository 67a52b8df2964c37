"""The drawn pictures: deterministic, varied, of every kind."""

from __future__ import annotations

import numpy as np
import pytest

from image_classifier.drawing import KINDS, draw_picture


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_and_number_give_the_same_pixels(kind: str) -> None:
    for number in range(5):
        first, second = (np.asarray(draw_picture(kind, 3, number)) for _ in range(2))
        assert np.array_equal(first, second)


@pytest.mark.parametrize("kind", KINDS)
def test_every_picture_is_rgb_and_of_a_size_that_is_posted(kind: str) -> None:
    for number in range(40):
        picture = draw_picture(kind, 4, number)
        assert picture.mode == "RGB"
        assert min(picture.size) >= 100
        assert max(picture.size) <= 2400


@pytest.mark.parametrize("kind", KINDS)
def test_other_numbers_and_seeds_give_other_pictures(kind: str) -> None:
    pictures = {draw_picture(kind, seed, number).tobytes() for seed in (1, 2) for number in range(10)}
    assert len(pictures) == 20
