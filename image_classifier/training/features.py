"""What the backbone sees in the pictures, as they are and in random variants: all that the heads are fitted on."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from common.progress import track
from image_classifier.preprocessing import Pixels, letterbox
from image_classifier.training.augmentation import augment
from image_classifier.training.pictures import Pictures

_AT_ONCE = 64


@dataclass(frozen=True)
class Views:
    """Features, float32 of shape (pictures, views, channels), and targets of (pictures, 3); view 0 is as in serving."""

    features: np.ndarray
    targets: np.ndarray

    @property
    def are_posts(self) -> np.ndarray:
        """Whether each picture is a chart or a meme."""
        return np.asarray(~np.isnan(self.targets[:, 0]))

    def rows(self) -> tuple[np.ndarray, np.ndarray]:
        """Return every view as a row of its own, and its targets."""
        count, views, channels = self.features.shape
        return self.features.reshape(count * views, channels), np.repeat(self.targets, views, axis=0)

    def subset(self, chosen: np.ndarray) -> Views:
        """Return the views of the pictures at the chosen positions."""
        return Views(self.features[chosen], self.targets[chosen])


def see(backbone: Any, pictures: Pictures, views: int, seed: int, description: str) -> Views:
    """Show each picture to the backbone as it is and in `views - 1` variants, which follow from the seed."""
    side = backbone.input_shape[1]

    def draw(number: int) -> Pixels:
        picture, view = divmod(number, views)
        image = pictures.images[picture]
        return augment(np.random.default_rng([seed, picture, view]), image, side) if view else letterbox(image, side)

    count = len(pictures.images) * views
    seen = []
    with ThreadPoolExecutor(2) as pool:
        for start in track(range(0, count, _AT_ONCE), description):
            pixels = np.stack(list(pool.map(draw, range(start, min(start + _AT_ONCE, count)))))
            seen.append(backbone.predict_on_batch(pixels.astype(np.float32)))
    channels = backbone.output_shape[1]
    features = np.concatenate(seen) if seen else np.zeros((0, channels), np.float32)
    return Views(features.reshape(len(pictures.images), views, channels), pictures.targets)
