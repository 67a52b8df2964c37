"""Seen before: reposts at other sizes and qualities are known again, by every worker, within bounds."""

from __future__ import annotations

import base64
import json
import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from common.errors import ConfigurationError
from image_classifier.artifact import Artifact
from image_classifier.classifier import Classifier
from image_classifier.drawing import draw_picture
from image_classifier.perceptual import perceptual_hash
from image_classifier.preprocessing import preprocess
from image_classifier.serving.app import create_app
from image_classifier.serving.seen import ALIKE, SeenImages
from image_classifier.serving.settings import ServiceSettings
from tests.image_classifier.conftest import Serve, encoded


def code_of(image: Image.Image, kind: str = "PNG", **options: object) -> np.ndarray:
    code = perceptual_hash(preprocess(encoded(image, kind, **options), 128))
    assert code is not None
    return code


def distance(one: np.ndarray, other: np.ndarray) -> int:
    return int(np.bitwise_count(one ^ other).sum())


def differing(code: np.ndarray, bits: int) -> np.ndarray:
    """Return the code with so many bits turned, in as many bands as there are."""
    turned = np.unpackbits(code)
    turned[(np.arange(bits) * 16 + 3) % 256] ^= 1
    return np.packbits(turned)


def image_id(number: int) -> str:
    return f"20261130-{number:016x}"


@pytest.mark.parametrize("kind", ["chart", "meme"])
def test_reposts_differ_in_few_bits_and_other_pictures_in_many(kind: str) -> None:
    pictures = [draw_picture(kind, 21, number) for number in range(20)]
    codes = [code_of(picture) for picture in pictures]
    reposts = [
        (picture.resize((picture.width * 2 // 3, picture.height * 2 // 3), Image.Resampling.LANCZOS), "JPEG")
        for picture in pictures
    ] + [(picture, "WEBP") for picture in pictures]
    known = [
        distance(code, code_of(*repost, quality=70)) <= ALIKE for code, repost in zip(codes * 2, reposts, strict=True)
    ]
    assert sum(known) >= 0.8 * len(known)
    assert all(distance(one, other) > ALIKE for n, one in enumerate(codes) for other in codes[:n])


def test_an_empty_picture_is_like_none() -> None:
    assert perceptual_hash(np.full((128, 128, 3), 200, np.uint8)) is None


def test_bits_tell_which_frequencies_are_above_their_median() -> None:
    """Against the definition of the discrete cosine transform, one sum after the other."""
    side = 24
    pixels = np.random.default_rng(2).integers(0, 256, (side, side, 3), np.uint8)
    grey = pixels @ np.array([0.299, 0.587, 0.114])
    waves = [[math.cos(math.pi * n * (place + 0.5) / side) for place in range(side)] for n in range(1, 17)]
    frequencies = np.array([(grey * np.outer(down, across)).sum() for down in waves for across in waves])
    code = perceptual_hash(pixels)
    assert code is not None
    assert np.unpackbits(code).tolist() == (frequencies > np.median(frequencies)).tolist()


def test_what_differs_in_few_bits_is_found_even_where_every_band_but_some_differs(tmp_path: Path) -> None:
    seen = SeenImages(tmp_path / "seen", 1000)
    code = code_of(draw_picture("meme", 3, 1))
    assert seen.note(code, image_id(1)) is None
    assert seen.note(differing(code, ALIKE), image_id(2)) == image_id(1)
    assert seen.note(differing(code, ALIKE + 1), image_id(3)) is None


def test_the_last_so_many_are_remembered_and_the_file_does_not_grow(tmp_path: Path) -> None:
    seen = SeenImages(tmp_path / "seen", 100)
    size = (tmp_path / "seen").stat().st_size
    codes = np.random.default_rng(5).integers(0, 256, (1000, 32), np.uint8)
    for number, code in enumerate(codes):
        assert seen.note(code, image_id(number)) is None
    assert [seen.look_up(code) for code in codes[-100:]] == [image_id(number) for number in range(900, 1000)]
    assert not any(seen.look_up(code) for code in codes[:900])
    assert (tmp_path / "seen").stat().st_size == size


def test_one_sees_what_another_noted(tmp_path: Path) -> None:
    one, other = SeenImages(tmp_path / "seen", 100), SeenImages(tmp_path / "seen", 100)
    codes = np.random.default_rng(6).integers(0, 256, (100, 32), np.uint8)
    for number, code in enumerate(codes):
        assert (one, other)[number % 2].note(code, image_id(number)) is None
    for number, code in enumerate(codes):
        assert (other, one)[number % 2].note(code, image_id(1000 + number)) == image_id(number)


def test_too_many_for_the_disk_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no room for 10000000000000 images"):
        SeenImages(tmp_path / "seen", 10**13)


def test_every_way_of_asking_names_the_first_of_reposts(tmp_path: Path, artifact: Artifact) -> None:
    settings = ServiceSettings(seen_images=100)
    client = create_app(Classifier(artifact), settings, seen=SeenImages(tmp_path / "seen", 100)).test_client()
    picture = draw_picture("meme", 21, 3)
    first = client.post("/predict", data=encoded(picture), content_type="image/png").get_json()
    assert first["duplicate_of"] is None
    smaller = encoded(picture.resize((picture.width // 2, picture.height // 2)), "JPEG", quality=80)
    again = client.post("/predict", data=smaller, content_type="image/jpeg").get_json()
    assert again["duplicate_of"] == first["id"] != again["id"]
    tensor = {"name": "image", "shape": [1], "datatype": "BYTES", "data": [base64.b64encode(smaller).decode()]}
    answer = client.post("/v2/models/image_classifier/infer", json={"inputs": [tensor]}).get_json()
    outputs = {output["name"]: output["data"] for output in answer["outputs"]}
    assert outputs["duplicate_of"] == [first["id"]]
    assert outputs["id"][0] not in {first["id"], again["id"]}
    described = client.get("/v2/models/image_classifier").get_json()["outputs"]
    assert [output["name"] for output in described] == list(outputs)


def test_all_workers_know_what_one_has_answered(serve: Serve) -> None:
    service = serve(SERVE_WORKERS="3", SERVE_SEEN_IMAGES="1000")
    picture = encoded(draw_picture("chart", 21, 7))
    answers = [json.loads(service.post("/predict", picture)) for _ in range(12)]
    assert answers[0]["duplicate_of"] is None
    assert {answer["duplicate_of"] for answer in answers[1:]} == {answers[0]["id"]}
