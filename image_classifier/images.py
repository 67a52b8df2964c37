"""Decoding of posted images: bytes of a file to an upright RGB picture, within bounds that hold before decoding."""

from __future__ import annotations

import re
from functools import cache
from io import BytesIO
from typing import cast

import numpy as np
from PIL import (
    Image,
    ImageChops,
    ImageOps,
    WebPImagePlugin,  # noqa: F401 (to open a WebP, Pillow would load all its plugins)
)

from common.errors import DataError

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "AVIF", "HEIC")
VIDEO_FORMATS = ("AVIF", "HEIC")  # one frame of a video codec each
MAX_PIXELS = 25_000_000
MAX_SIDE = 16_384
# Decoding work is counted in pixels of PNG, some 12 ms of one core per million. A baseline JPEG that is shrunk while it
# is decoded costs a 24th of that, each further scan of a progressive one as much again, WebP twice as much.
_JPEG_SCANS_PER_PIXEL = 24
_WORK_PER_PIXEL = {"WEBP": 2.0, "AVIF": 2.0, "HEIC": 2.0}
_PILLOW_NAMES = {"HEIC": "HEIF"}
_ORIENTATION = 0x0112
_AVIF_BRANDS, _HEIC_BRANDS = re.compile(rb"avi[fs]"), re.compile(rb"hei[cxms]|hev[cxms]|mif1|msf1")
_DECLARED_SIZE = re.compile(rb"ispe\0{4}(.{4})(.{4})", re.DOTALL)
_HEADER_BYTES = 1 << 16
_BLACK, _PAPER = 24, 244  # of 255, with what compression does to black and to white
_BAR_SHARE = 1 / 16  # of the width or the height; less is left


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
    """The header declares more pixels than are decoded here, or decoding takes more time or memory than it may."""


class PostedImage:
    """An image file whose header has been read: what decoding it will cost is known, and nothing is decoded yet.

    Raises an `ImageError` for bytes that are empty, of another format, or that declare more than MAX_PIXELS pixels or a
    side over MAX_SIDE. `work` estimates what decoding costs, in pixels of PNG. AVIF and HEIC are only looked at: their
    libraries see the bytes in `read`, which can be called in another process.
    """

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.video = video_format(data)
        if self.video is None:
            self._image = _open(data, FORMATS[:-2])
            _check_dimensions(*self._image.size)
            self.format = str(self._image.format)
            self.work = _work(self.format, *self._image.size, data)
        else:
            self.format = self.video
            sizes = _DECLARED_SIZE.findall(data, 0, _HEADER_BYTES)
            pixels = [int.from_bytes(width) * int.from_bytes(height) for width, height in sizes]
            self.work = _work(self.video, min(max(pixels, default=MAX_PIXELS), MAX_PIXELS), 1, data)

    def read(self, side: int) -> Image.Image:
        """Decode the first frame and shrink it to fit into `side` x `side` pixels; a smaller image stays as it is.

        The result is RGB and upright: EXIF orientation is applied, transparency becomes white, 16-bit and CMYK become
        8-bit RGB; black bars on two opposite sides and white margins are cut off. Raises an `ImageError` for a broken
        file.
        """
        with self._opened() as image:
            try:
                orientation = image.getexif().get(_ORIENTATION, 1)
                # A JPEG is decoded at a half, a quarter or an eighth of its size when that is twice what is needed.
                image.draft("RGB", (2 * side, 2 * side))
                return _upright(_shrunk(_without_margins(_plain(image)), side), orientation)
            except Exception as error:  # decoders raise whatever a broken file leads them to
                raise BrokenImageError(f"the {image.format} image is broken or cut short: {error}") from None

    def _opened(self) -> Image.Image:
        if self.video is None:
            return self._image
        load_video_format(self.video)
        image = _open(self.data, (_PILLOW_NAMES.get(self.video, self.video),))
        _check_dimensions(*image.size)
        return image


def read_image(data: bytes, side: int) -> Image.Image:
    """Decode an image file, as `PostedImage` does."""
    return PostedImage(data).read(side)


def video_format(data: bytes) -> str | None:
    """Return "AVIF" or "HEIC" for a file that begins like one: an ISO base media file of one of their brands."""
    if data[4:8] != b"ftyp":
        return None
    brands = data[8 : min(int.from_bytes(data[:4]), 256)]
    return "AVIF" if _AVIF_BRANDS.search(brands) else "HEIC" if _HEIC_BRANDS.search(brands) else None


def _work(name: str, width: int, height: int, data: bytes) -> int:
    if name == "JPEG":
        return width * height * max(1, data.count(b"\xff\xda")) // _JPEG_SCANS_PER_PIXEL
    return int(width * height * _WORK_PER_PIXEL.get(name, 1.0))


@cache
def load_video_format(name: str) -> None:
    """Let Pillow open AVIF or HEIC; not done at import, because the libraries are large and such images are few."""
    if name == "HEIC":
        import pillow_heif  # noqa: PLC0415

        pillow_heif.register_heif_opener(thumbnails=False)
    else:
        from PIL import AvifImagePlugin  # noqa: F401, PLC0415


def _open(data: bytes, formats: tuple[str, ...]) -> Image.Image:
    if not data:
        raise UnsupportedImageError("the image is empty (zero bytes)")
    try:
        return Image.open(BytesIO(data), formats=formats)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise OversizedImageError(f"the image declares more than {MAX_PIXELS} pixels", "pixels", MAX_PIXELS) from None
    except Exception:  # as above: a header can be broken in any way
        accepted = ", ".join(FORMATS)
        raise UnsupportedImageError(
            f"not an image of an accepted format ({accepted}), or its header is broken"
        ) from None


def _check_dimensions(width: int, height: int) -> None:
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
    transparent = image.mode in {"RGBA", "LA", "PA", "RGBa", "La"} or "transparency" in image.info
    wanted = "RGBA" if transparent else "RGB"
    if image.mode == wanted:  # the usual case; converting it would copy it
        image.load()
        return image
    return image.convert(wanted)


def _without_margins(image: Image.Image) -> Image.Image:
    """Cut off the black bars that phones and players put beside a picture, and a white page that it lies on.

    Bars are on two opposite sides. Paper is beside a picture and above or below it, and half of the page at least: less
    belongs to the picture. What would leave less than a quarter of a side is left as it is: a dot is no picture.
    """
    corners = [
        cast(tuple[int, ...], image.getpixel((x, y))) for x in (0, image.width - 1) for y in (0, image.height - 1)
    ]
    if all(max(corner[:3]) <= _BLACK and corner[3:] in {(), (255,)} for corner in corners):
        box = _box_of(image, [0] * (_BLACK + 1) + [255] * (255 - _BLACK), opposite=True)
    elif sum(min(corner[:3]) >= _PAPER or corner[3:] == (0,) for corner in corners) >= 2:  # those of a side
        box = _box_of(image, [255] * _PAPER + [0] * (256 - _PAPER), opposite=False)
        wide, tall = box[2] - box[0], box[3] - box[1]
        if wide == image.width or tall == image.height or 2 * wide * tall > image.width * image.height:
            return image
    else:
        return image
    left, top, right, bottom = box
    enough = 4 * (right - left) >= image.width and 4 * (bottom - top) >= image.height
    return image.crop(box) if enough and (right - left, bottom - top) != image.size else image


def _box_of(image: Image.Image, content: list[int], *, opposite: bool) -> tuple[int, int, int, int]:
    """Return where a picture's content begins and ends; `content` says which brightness is part of it.

    What is around it counts if it is wide, and, if it has to be `opposite`, on both sides.
    """
    light = image.convert("L")
    if image.mode == "RGBA":  # what can be seen through is white
        light = ImageChops.lighter(light, ImageChops.invert(image.getchannel("A")))
    left, top, right, bottom = light.point(content).getbbox() or (0, 0, *image.size)
    left, right = _ends(left, right, image.width, opposite=opposite)
    top, bottom = _ends(top, bottom, image.height, opposite=opposite)
    return left, top, right, bottom


def _ends(first: int, last: int, length: int, *, opposite: bool) -> tuple[int, int]:
    least = length * _BAR_SHARE
    before, after = first >= least, length - last >= least
    if opposite:
        before = after = before and after
    return (first if before else 0), (last if after else length)


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
