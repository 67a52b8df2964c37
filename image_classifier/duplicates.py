"""Near-duplicates: pictures that are the same but for size, compression, small edits or a later screenshot."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageChops

from image_classifier.drawing.canvas import corner

_SIDE = 32
_ALIKE = 0.85  # correlation of two thumbnails; on real posts, pairs above it show the same picture or the same template


def fingerprints(images: Sequence[Image.Image]) -> np.ndarray:
    """Return one unit vector per RGB picture, float32 of shape (n, 3072): its thumbnail less its mean."""
    vectors = np.stack([np.asarray(_thumbnail(image), np.float32).ravel() for image in images])
    vectors -= vectors.mean(axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1.0))


def _thumbnail(image: Image.Image) -> Image.Image:
    """Shrink the picture without its plain border: two letterboxed pictures would be alike by their borders alone."""
    border = Image.new("RGB", image.size, corner(image))
    box = ImageChops.difference(image, border).convert("L").point([0] * 12 + [255] * 244).getbbox()
    return image.resize((_SIDE, _SIDE), Image.Resampling.BILINEAR, box, reducing_gap=2.0)


def near_duplicates(vectors: np.ndarray) -> list[tuple[int, int]]:
    """Return the pairs (i < j) of fingerprints that are alike."""
    return [
        (row, row + 1 + int(column))
        for row in range(len(vectors) - 1)
        for column in np.flatnonzero(vectors[row + 1 :] @ vectors[row] > _ALIKE)
    ]


def group(count: int, pairs: Sequence[tuple[int, int]]) -> np.ndarray:
    """Return the group of each of `count` items when every pair belongs together: its smallest member (union-find)."""
    parents = list(range(count))

    def root(item: int) -> int:
        while parents[item] != item:
            parents[item] = parents[parents[item]]
            item = parents[item]
        return item

    for first, second in pairs:
        low, high = sorted((root(first), root(second)))
        parents[high] = low
    return np.array([root(item) for item in range(count)])


def folds(groups: np.ndarray, labels: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Assign each item to one of `count` folds: groups stay whole, and sizes and classes are as even as that allows."""
    random = np.random.default_rng(seed)
    members = [np.flatnonzero(groups == name) for name in random.permutation(np.unique(groups))]
    members.sort(key=len, reverse=True)
    kinds = np.unique(labels)
    filled = np.zeros((count, len(kinds)))
    assigned = np.zeros(len(groups), int)
    for items in members:
        tally = np.array([np.sum(labels[items] == kind) for kind in kinds])
        fold = int(np.argmin((filled * tally).sum(axis=1) + filled.sum(axis=1) / 1000))
        assigned[items] = fold
        filled[fold] += tally
    return assigned
