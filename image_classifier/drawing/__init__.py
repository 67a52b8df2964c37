"""Pictures drawn from nothing but a seed: charts and memes as traders post them, and pictures that are neither."""

from __future__ import annotations

import numpy as np
from PIL import Image

from image_classifier.drawing.kinds import KINDS

__all__ = ["KINDS", "draw_picture"]


def draw_picture(kind: str, seed: int, number: int) -> Image.Image:
    """Draw picture `number` of a kind ("chart", "meme" or "neither"); the same arguments give the same RGB pixels."""
    return KINDS[kind](np.random.default_rng([seed, sorted(KINDS).index(kind), number]))
