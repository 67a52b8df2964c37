"""Decoding: every kind of picture comes out upright, RGB and bounded, and nothing else gets through."""

from __future__ import annotations

import struct
import zlib
from contextlib import suppress

import numpy as np
import pillow_heif
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from image_classifier import images
from image_classifier.drawing import draw_picture
from image_classifier.images import (
    BrokenImageError,
    ImageError,
    OversizedImageError,
    PostedImage,
    UnsupportedImageError,
    read_image,
    video_format,
)
from image_classifier.preprocessing import letterbox, preprocess
from tests.image_classifier.conftest import encoded

pillow_heif.register_heif_opener()  # so that tests can write HEIC
PICTURE = draw_picture("chart", 21, 3)
KINDS = ["PNG", "JPEG", "WEBP", "GIF", "BMP", "AVIF", "HEIF"]


def difference(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.abs(first.astype(float) - second.astype(float)).mean())


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("PNG", {}),
        ("PNG", {"interlace": 1}),
        ("JPEG", {"quality": 95}),
        ("JPEG", {"quality": 95, "progressive": True}),
        ("WEBP", {"lossless": True}),
        ("WEBP", {"quality": 95}),
        ("BMP", {}),
        ("GIF", {}),
        ("AVIF", {"quality": 90}),
        ("HEIF", {"quality": 90}),
    ],
)
def test_every_format_shows_the_same_picture(kind: str, options: dict[str, object]) -> None:
    assert difference(preprocess(encoded(PICTURE, kind, **options), 112), letterbox(PICTURE, 112)) < 6


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16", "CMYK"])
def test_every_mode_shows_the_same_shades(mode: str) -> None:
    grey = Image.linear_gradient("L").resize((300, 200))
    if mode == "I;16":
        image = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    else:
        image = grey.convert("RGB").convert(mode) if mode in {"P", "CMYK", "RGBA"} else grey.convert(mode)
    data = encoded(image, "JPEG" if mode == "CMYK" else "PNG", **({"quality": 95} if mode == "CMYK" else {}))
    tolerance = 30 if mode == "1" else 6
    assert difference(preprocess(data, 64), letterbox(grey.convert("RGB"), 64)) < tolerance


def test_transparency_becomes_white() -> None:
    for image in (Image.new("RGBA", (50, 50), (0, 0, 0, 0)), Image.new("LA", (50, 50), (0, 0))):
        assert (preprocess(encoded(image), 32) == 255).all()
    palette = Image.new("P", (50, 50))
    assert (preprocess(encoded(palette, "PNG", transparency=0), 32) == 255).all()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_orientation_that_a_phone_records_is_applied(orientation: int) -> None:
    """Each orientation is undone by the transposition that made it: the top left corner is red again."""
    upright = Image.new("RGB", (80, 40), (0, 0, 255))
    upright.paste((255, 0, 0), (0, 0, 40, 20))
    stored = {
        1: None, 2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM, 5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE, 8: Image.Transpose.ROTATE_270,
    }[orientation]  # fmt: skip
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(upright.transpose(stored) if stored is not None else upright, "PNG", exif=exif)
    result = read_image(data, 80)
    assert result.size == (80, 40)
    assert result.getpixel((5, 5)) == (255, 0, 0)
    assert result.getpixel((70, 30)) == (0, 0, 255)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_of_an_animation_the_first_frame_counts(kind: str) -> None:
    frames = [Image.new("RGB", (40, 40), shade) for shade in ((255, 0, 0), (0, 255, 0), (0, 0, 255))]
    data = encoded(
        frames[0], kind, save_all=True, append_images=frames[1:], **({"lossless": True} if kind == "WEBP" else {})
    )
    assert difference(preprocess(data, 40), letterbox(frames[0], 40)) < 3


@pytest.mark.parametrize(("width", "height"), [(1, 1), (1, 5000), (5000, 1), (3, 2), (299, 299), (113, 111)])
def test_every_proportion_fits_the_square(width: int, height: int) -> None:
    assert preprocess(encoded(Image.new("RGB", (width, height), (9, 9, 9))), 112).shape == (112, 112, 3)


def test_a_picture_lies_in_the_middle_of_the_square() -> None:
    wide = preprocess(encoded(Image.new("RGB", (112, 56), (9, 9, 9))), 112)
    assert (wide[28:84] == 9).all()
    assert (wide[:28] == 255).all()
    assert (wide[84:] == 255).all()
    tall = preprocess(encoded(Image.new("RGB", (56, 112), (9, 9, 9))), 112)
    assert (tall == wide.transpose(1, 0, 2)).all()


def test_a_jpeg_is_decoded_at_the_smallest_size_that_is_at_least_twice_what_is_needed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sizes: list[tuple[int, int]] = []
    shrink = images._shrunk
    monkeypatch.setattr(images, "_shrunk", lambda image, side: sizes.append(image.size) or shrink(image, side))
    for width in (1792, 1200, 700, 400):
        read_image(encoded(PICTURE.resize((width, width)), "JPEG"), 112)
    assert sizes == [(224, 224), (300, 300), (350, 350), (400, 400)]


def test_a_scaled_jpeg_decoding_costs_little() -> None:
    """Decoding at a half, a quarter or an eighth changes pixels by less than compression does."""
    large = PICTURE.resize((1600, 1200), Image.Resampling.LANCZOS)
    data = encoded(large, "JPEG", quality=90)
    assert difference(preprocess(data, 112), letterbox(large, 112)) < 4


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", UnsupportedImageError),
        (b"not an image", UnsupportedImageError),
        (b"%PDF-1.7 and so on", UnsupportedImageError),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", UnsupportedImageError),
        (encoded(PICTURE, "TIFF"), UnsupportedImageError),
        (encoded(PICTURE)[:-200], BrokenImageError),
        (encoded(PICTURE, "JPEG")[:3000], BrokenImageError),
        (encoded(PICTURE, "WEBP")[:500], ImageError),
    ],
)
def test_what_is_no_whole_image_is_refused(data: bytes, error: type[ImageError]) -> None:
    with pytest.raises(error):
        read_image(data, 112)


def png_header(width: int, height: int) -> bytes:
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = b"IDAT" + zlib.compress(b"\0" * 1000)
    chunks = b"".join(struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in (header, body))
    return b"\x89PNG\r\n\x1a\n" + chunks


@pytest.mark.parametrize(
    ("width", "height", "limit"), [(20_000, 20_000, "pixels"), (10_000, 10_000, "pixels"), (20_000, 10, "side")]
)
def test_too_many_pixels_are_refused_from_the_header(width: int, height: int, limit: str) -> None:
    """The bytes hold no such picture: had it been decoded, the error would be that it is broken."""
    with pytest.raises(OversizedImageError) as caught:
        read_image(png_header(width, height), 112)
    assert caught.value.limit == limit
    assert str(caught.value.bound) in str(caught.value)


@given(
    kind=st.sampled_from(KINDS),
    cut=st.floats(0.02, 1.0),
    changes=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=12),
)
@settings(max_examples=150, deadline=None)
def test_mutated_files_give_pixels_or_an_image_error(kind: str, cut: float, changes: list[tuple[float, int]]) -> None:
    data = bytearray(SMALL[kind])
    for place, value in changes:
        data[int(place * (len(data) - 1))] = value
    with suppress(ImageError):
        assert preprocess(bytes(data[: max(1, int(cut * len(data)))]), 64).shape == (64, 64, 3)


SMALL = {kind: encoded(PICTURE.resize((90, 60)), kind) for kind in KINDS}


@pytest.mark.parametrize(
    ("kind", "options", "work"),
    [
        ("PNG", {}, 1.0),
        ("WEBP", {"lossless": True}, 2.0),
        ("AVIF", {}, 2.0),
        ("HEIF", {}, 2.0),
        ("JPEG", {}, 1 / 24),
        ("JPEG", {"progressive": True}, 10 / 24),
    ],
)
def test_what_decoding_costs_is_read_from_the_header(kind: str, options: dict[str, object], work: float) -> None:
    """A progressive JPEG is gone through once per scan, which its few bytes would not tell."""
    pixels = 640 * 480
    assert PostedImage(encoded(PICTURE.resize((640, 480)), kind, **options)).work == pytest.approx(
        work * pixels, rel=0.1
    )


@pytest.mark.parametrize("kind", ["AVIF", "HEIF"])
def test_the_size_that_a_frame_of_video_has_counts_and_not_the_one_it_declares(kind: str) -> None:
    """The declared size is looked at first; the library's own holds before anything is decoded."""
    data = encoded(Image.new("RGB", (64, 64)), kind)
    place = data.index(b"ispe") + 8
    forged = data[:place] + struct.pack(">II", 20_000, 20_000) + data[place + 8 :]
    with pytest.raises(ImageError):
        read_image(forged, 64)


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("upright", [True, False])
def test_black_bars_around_a_picture_change_nothing(mode: str, upright: bool) -> None:
    """To the bit: a phone shows pictures between two bars, above and below or, held across, left and right."""
    size = (PICTURE.width, 2 * PICTURE.width) if upright else (2 * PICTURE.height, PICTURE.height)
    screen = Image.new("RGB", size)
    screen.paste(PICTURE, ((size[0] - PICTURE.width) // 2, (size[1] - PICTURE.height) // 2))
    assert np.array_equal(preprocess(encoded(screen.convert(mode), "PNG"), 112), preprocess(encoded(PICTURE), 112))


@pytest.mark.parametrize(
    ("shade", "place", "size"),
    [
        ((0, 0, 0), 50, (100, 100)),
        ((20, 20, 20), 15, (100, 100)),
        ((0, 0, 0), 10, (100, 200)),  # less than a sixteenth is a margin
        ((0, 0, 0), 0, (100, 200)),
        ((60, 60, 60), 50, (100, 200)),
    ],
)
def test_bars_are_black_and_on_both_sides(shade: tuple[int, int, int], place: int, size: tuple[int, int]) -> None:
    screen = Image.new("RGB", (100, 200), shade)
    screen.paste((200, 0, 0), (0, place, 100, place + 100))
    assert read_image(encoded(screen, "PNG"), 200).size == size


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("place", [(0, 0), (150, 40), (30, 200)])
def test_a_white_page_around_a_picture_changes_nothing(mode: str, place: tuple[int, int]) -> None:
    """To the bit, wherever it lies on it, and whether the page is white or nothing."""
    picture = Image.new("RGB", (200, 120), (0, 80, 160))
    picture.paste(PICTURE.resize((180, 100)), (10, 10))
    page = Image.new(mode, (400, 400), (255,) * 3 if mode == "RGB" else (0, 0, 0, 0))
    page.paste(picture, place)
    assert np.array_equal(preprocess(encoded(page, "PNG"), 112), preprocess(encoded(picture, "PNG"), 112))


@pytest.mark.parametrize(
    ("shade", "box", "size"),
    [
        (246, (20, 50, 90, 150), (70, 100)),
        (246, (0, 0, 70, 100), (70, 100)),
        (246, (0, 50, 100, 120), (100, 200)),  # a strip may have been put on paper by whoever published it
        (246, (30, 10, 60, 200), (100, 200)),  # ten of two hundred is less than a sixteenth
        (246, (0, 50, 80, 190), (100, 200)),  # less than half of it is white
        (240, (20, 50, 90, 150), (100, 200)),
        (255, (40, 50, 60, 150), (100, 200)),  # a fifth of the width: more is known of it on its page
    ],
)
def test_a_page_is_nearly_white_and_more_than_the_picture_on_it(
    shade: int, box: tuple[int, int, int, int], size: tuple[int, int]
) -> None:
    page = Image.new("RGB", (100, 200), (shade,) * 3)
    page.paste((200, 0, 0), box)
    assert read_image(encoded(page, "PNG"), 200).size == size


def test_a_black_page_and_what_is_seen_through_are_no_bars() -> None:
    assert read_image(encoded(Image.new("RGB", (100, 200)), "PNG"), 200).size == (100, 200)
    window = Image.new("RGBA", (100, 200), (0, 0, 0, 255))
    window.paste((0, 0, 0, 0), (0, 50, 100, 150))
    assert read_image(encoded(window, "PNG"), 200).getextrema() == ((255, 255),) * 3


def test_what_is_no_video_format_is_not_taken_for_one() -> None:
    assert video_format(b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom") is None
    assert video_format(encoded(PICTURE, "AVIF")) == "AVIF"
    assert video_format(encoded(PICTURE, "HEIF")) == "HEIC"
    with pytest.raises(UnsupportedImageError):
        read_image(b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", 64)
