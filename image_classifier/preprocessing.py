"""The one way from the bytes of an image to the array that the model takes, in training and in serving."""

from __future__ import annotations

import numpy as np
from PIL import Image

from image_classifier.images import read_image

PAPER = (255, 255, 255)
Pixels = np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]


def preprocess(data: bytes, side: int) -> Pixels:
    """Return the image as a uint8 array of shape (side, side, 3): shrunk or enlarged to fit, centred on white.

    Raises an `ImageError` for bytes that cannot be classified.
    """
    return letterbox(read_image(data, side), side)


def letterbox(image: Image.Image, side: int) -> Pixels:
    """Fit an RGB picture into a white square of `side` pixels, centred, with its proportions kept."""
    share = side / max(image.size)
    size = (max(1, round(image.width * share)), max(1, round(image.height * share)))
    if size != image.size:
        image = image.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
    square = Image.new("RGB", (side, side), PAPER)
    square.paste(image, ((side - image.width) // 2, (side - image.height) // 2))
    return np.asarray(square)
