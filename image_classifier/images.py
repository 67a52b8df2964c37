"""Decoding of posted images: bytes of a file to an upright RGB picture, within bounds that hold before decoding."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from PIL import Image, ImageOps

from common.errors import DataError

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")
MAX_PIXELS = 25_000_000
MAX_SIDE = 16_384
_ORIENTATION = 0x0112


class ImageError(DataError):
    """The bytes are not an image that can be classified; `limit` and `bound` give the limit that was passed."""

    def __init__(self, message: str, limit: str | None = None, bound: int | None = None) -> None:
        super().__init__(message)
        self.limit, self.bound = limit, bound


class UnsupportedImageError(ImageError):
    """The bytes do not begin like any of the accepted formats."""


class BrokenImageError(ImageError):
    """The header is that of an accepted format, and the rest cannot be decoded."""


class OversizedImageError(ImageError):
    """The header declares more pixels than are decoded here."""


def read_image(data: bytes, side: int) -> Image.Image:
    """Decode a JPEG, PNG, WebP, GIF (first frame) or BMP file and shrink it to fit into `side` x `side` pixels.

    The result is RGB and upright: EXIF orientation is applied, transparency becomes white, 16-bit and CMYK become 8-bit
    RGB. An image that is smaller stays as it is. Raises an `ImageError` for bytes that are empty, of another format,
    broken, or that declare more than MAX_PIXELS pixels or a side over MAX_SIDE (refused before anything is decoded).
    """
    with _open(data) as image:
        _check_dimensions(image)
        try:
            orientation = image.getexif().get(_ORIENTATION, 1)
            # A JPEG is decoded at a half, a quarter or an eighth of its size when that is still twice what is needed.
            image.draft("RGB", (2 * side, 2 * side))
            return _upright(_shrunk(_plain(image), side), orientation)
        except Exception as error:  # decoders raise whatever a broken file leads them to
            raise BrokenImageError(f"the {image.format} image is broken or cut short: {error}") from None


def _open(data: bytes) -> Image.Image:
    if not data:
        raise UnsupportedImageError("the image is empty (zero bytes)")
    try:
        return Image.open(BytesIO(data), formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise OversizedImageError(f"the image declares more than {MAX_PIXELS} pixels", "pixels", MAX_PIXELS) from None
    except Exception:  # as above: a header can be broken in any way
        accepted = ", ".join(FORMATS)
        raise UnsupportedImageError(
            f"not an image of an accepted format ({accepted}), or its header is broken"
        ) from None


def _check_dimensions(image: Image.Image) -> None:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise OversizedImageError(
            f"{width} x {height} pixels are more than the {MAX_PIXELS} that are decoded", "pixels", MAX_PIXELS
        )
    if max(width, height) > MAX_SIDE:
        raise OversizedImageError(f"{width} x {height} pixels: no side may be over {MAX_SIDE}", "side", MAX_SIDE)


def _plain(image: Image.Image) -> Image.Image:
    """Return the decoded image as RGB, or as RGBA where it is transparent."""
    if image.mode.startswith("I"):
        return Image.fromarray((np.asarray(image).clip(0, 65535) >> 8).astype(np.uint8)).convert("RGB")
    if image.mode in {"RGBA", "LA", "PA", "RGBa", "La"} or "transparency" in image.info:
        return image.convert("RGBA")
    if image.mode == "RGB":  # the usual case; converting it would copy it
        image.load()
        return image
    return image.convert("RGB")


def _shrunk(image: Image.Image, side: int) -> Image.Image:
    share = side / max(image.size)
    if share < 1:
        size = (max(1, round(image.width * share)), max(1, round(image.height * share)))
        image = image.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
    if image.mode == "RGBA":
        image = Image.alpha_composite(Image.new("RGBA", image.size, (255, 255, 255, 255)), image).convert("RGB")
    return image


def _upright(image: Image.Image, orientation: int) -> Image.Image:
    if orientation in {1, None}:
        return image
    image.getexif()[_ORIENTATION] = orientation
    return ImageOps.exif_transpose(image)
