"""Perceptual hashes: pictures that look alike, at whatever size and quality, differ in few bits."""

from __future__ import annotations

from functools import cache

import numpy as np

from image_classifier.preprocessing import Pixels

BITS = 256
_FREQUENCIES = 16
_FLAT = 2.0  # standard deviation, of 255; the frequencies of less than that are noise
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601


def perceptual_hash(pixels: Pixels) -> np.ndarray | None:
    """Return 256 bits as 32 bytes for a preprocessed picture, or None for one on which there is next to nothing.

    Bits tell which of the 16 x 16 lowest frequencies of its brightness (discrete cosine transform, without the means)
    are above their median, as in Zauner's pHash (2010).
    """
    grey = pixels.astype(np.float32) @ _LUMA
    if grey.std() < _FLAT:
        return None
    cosines = _cosines(len(grey))
    frequencies = (cosines @ grey @ cosines.T).ravel()
    return np.packbits(frequencies > np.median(frequencies))


@cache
def _cosines(side: int) -> np.ndarray:
    frequency, place = np.arange(1, _FREQUENCIES + 1)[:, None], np.arange(side)[None]
    return np.cos(np.pi * frequency * (2 * place + 1) / (2 * side)).astype(np.float32)
