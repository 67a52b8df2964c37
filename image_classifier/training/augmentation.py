"""What phones, screenshots and reposting do to pictures, done to training images at random."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from PIL import Image, ImageFilter

from image_classifier.drawing import pages, screens
from image_classifier.drawing.canvas import Colour, Random, chance, colour
from image_classifier.preprocessing import PAPER, Pixels, letterbox

_MONOCHROME = np.array([0.299, 0.587, 0.114], np.float32)


def augment(random: Random, image: Image.Image, side: int) -> Pixels:
    """Return one random variant of an RGB picture as a uint8 array of shape (side, side, 3)."""
    if chance(random, 0.5):
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if chance(random, 0.08):
        image = image.rotate(random.uniform(-10, 10), Image.Resampling.BILINEAR, fillcolor=_border(random))
    if chance(random, 0.5):
        image = _cropped(random, image)
    if chance(random, 0.3):
        image = _framed(random, image)
    image = _placed(random, image, side) if chance(random, 0.4) else Image.fromarray(letterbox(image, side))
    if chance(random, 0.12):
        image = image.filter(ImageFilter.GaussianBlur(random.uniform(0.3, 1.0)))
    if chance(random, 0.2):
        image = _recompressed(random, image)
    pixels = _recoloured(random, np.asarray(image).astype(np.float32))
    if chance(random, 0.2):
        _hide_part(random, pixels)
    return pixels.clip(0, 255).astype(np.uint8)


def _border(random: Random) -> Colour:
    return PAPER if chance(random, 0.6) else (0, 0, 0) if chance(random, 0.6) else colour(random)


def _framed(random: Random, image: Image.Image) -> Image.Image:
    way = random.integers(4)
    if way == 0:
        return screens.page(random, image)
    if way == 1:
        width = int(image.width * random.uniform(1.1, 1.8))
        return pages.post(random, width, int(width * random.uniform(0.9, 1.8)), image)
    if way == 2:
        return screens.viewer(random, image)
    return _on_paper(random, image)


def _on_paper(random: Random, image: Image.Image) -> Image.Image:
    """Lay the picture on an empty sheet, mostly white, that is up to two and a half times as wide and high."""
    width, height = (int(edge * random.uniform(1.2, 2.5)) for edge in image.size)
    sheet = Image.new("RGB", (width, height), PAPER if chance(random, 0.7) else _border(random))
    place = random.uniform(0, 1, 2) * (width - image.width, height - image.height)
    sheet.paste(image, (int(place[0]), int(place[1])))
    return sheet


def _cropped(random: Random, image: Image.Image) -> Image.Image:
    width, height = image.size
    wide, tall = width * random.uniform(0.6, 1.0), height * random.uniform(0.6, 1.0)
    left, top = random.uniform(0, width - wide), random.uniform(0, height - tall)
    return image.crop((int(left), int(top), int(left + max(wide, 8)), int(top + max(tall, 8))))


def _placed(random: Random, image: Image.Image, side: int) -> Image.Image:
    """Put the picture, a little stretched and smaller, somewhere on a plain square."""
    share = side / max(image.size) * random.uniform(0.65, 1.0)
    stretch = random.uniform(0.8, 1.25)
    wide = int(np.clip(image.width * share * stretch, 4, side))
    tall = int(np.clip(image.height * share / stretch, 4, side))
    square = Image.new("RGB", (side, side), _border(random))
    place = (int(random.integers(0, side - wide + 1)), int(random.integers(0, side - tall + 1)))
    square.paste(image.resize((wide, tall), Image.Resampling.BILINEAR, reducing_gap=2.0), place)
    return square


def _recompressed(random: Random, image: Image.Image) -> Image.Image:
    file = BytesIO()
    image.save(file, "JPEG", quality=int(random.integers(20, 80)))
    return Image.open(file).convert("RGB")


def _recoloured(random: Random, pixels: np.ndarray) -> np.ndarray:
    if chance(random, 0.1):
        pixels = 255 - pixels
    if chance(random, 0.15):
        pixels = pixels[..., random.permutation(3)]
    if chance(random, 0.12):
        pixels = np.repeat((pixels @ _MONOCHROME)[..., None], 3, axis=2)
    if chance(random, 0.5):
        pixels = (pixels - 128) * random.uniform(0.7, 1.3) + 128 + random.uniform(-25, 25, 3) * random.random()
    if chance(random, 0.15):
        pixels = pixels + random.normal(0, random.uniform(2, 12), pixels.shape)
    return pixels


def _hide_part(random: Random, pixels: np.ndarray) -> None:
    side = pixels.shape[0]
    tall, wide = (int(reach) for reach in random.uniform(0.1, 0.35, 2) * side)
    top, left = int(random.integers(0, side - tall)), int(random.integers(0, side - wide))
    pixels[top : top + tall, left : left + wide] = colour(random)
