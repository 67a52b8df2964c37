"""Training images in memory, and the augmented batches that a network is fitted on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from PIL import Image

from common.errors import DataError
from common.progress import track
from image_classifier.dataset import Example
from image_classifier.drawing import draw_picture
from image_classifier.images import ImageError, read_image
from image_classifier.preprocessing import letterbox
from image_classifier.training.augmentation import augment
from image_classifier.training.hyperparameters import Hyperparameters

SOURCE_SIDE = (
    299  # what is kept of each image in memory, so that augmentation works on more pixels than the network sees
)


@dataclass(frozen=True)
class Pictures:
    """RGB pictures with two targets each: P(chart), which is 0.5 for what is neither, and P(known)."""

    images: list[Image.Image]
    targets: np.ndarray

    def __add__(self, other: Pictures) -> Pictures:
        return Pictures(self.images + other.images, np.concatenate([self.targets, other.targets]))

    def subset(self, chosen: np.ndarray) -> Pictures:
        """Return the pictures at the chosen positions."""
        return Pictures([self.images[position] for position in chosen], self.targets[chosen])

    def arrays(self, side: int) -> np.ndarray:
        """Return all pictures as the network sees them in serving: uint8 of shape (n, side, side, 3)."""
        return np.stack([letterbox(image, side) for image in self.images])


TARGETS = {"chart": (1.0, 1.0), "meme": (0.0, 1.0), "neither": (0.5, 0.0)}


def load_pictures(examples: list[Example], description: str) -> Pictures:
    """Decode labelled files. Raises `DataError` naming the first that cannot be decoded."""
    images = []
    for example in track(examples, description):
        try:
            images.append(read_image(example.path.read_bytes(), SOURCE_SIDE))
        except ImageError as error:
            raise DataError(f"{example.path}: {error}") from None
    return Pictures(images, np.array([TARGETS[example.label] for example in examples], np.float32))


def draw_pictures(counts: dict[str, int], seed: int) -> Pictures:
    """Draw so many pictures of each kind."""
    kinds = [kind for kind, count in counts.items() for _ in range(count)]
    numbers = [number for count in counts.values() for number in range(count)]
    images = []
    for kind, number in track(list(zip(kinds, numbers, strict=True)), "drawing training images"):
        image = draw_picture(kind, seed, number)
        image.thumbnail((SOURCE_SIDE, SOURCE_SIDE), Image.Resampling.BILINEAR, reducing_gap=2.0)
        images.append(image)
    return Pictures(images, np.array([TARGETS[kind] for kind in kinds], np.float32).reshape(-1, 2))


class Batches(keras.utils.PyDataset):  # type: ignore[misc] # keras has no types
    """Augmented batches of one epoch after another; every batch is a function of the seed, the epoch and its number.

    An epoch has every real picture once and, at random, as many of the drawn ones (all, if there are fewer).
    """

    def __init__(self, real: Pictures, drawn: Pictures, chosen: Hyperparameters, seed: int) -> None:
        super().__init__(workers=2)
        self._pictures, self._real, self._drawn = real + drawn, len(real.images), len(drawn.images)
        self._chosen, self._seed, self._epoch = chosen, seed, 0
        self._shuffle()

    def __len__(self) -> int:
        return max(1, len(self._order) // self._chosen.batch)

    def __getitem__(self, number: int) -> tuple[Any, Any]:
        random = np.random.default_rng([self._seed, self._epoch, number])
        chosen = self._order[number * self._chosen.batch : (number + 1) * self._chosen.batch]
        images = np.stack([augment(random, self._pictures.images[position], self._chosen.side) for position in chosen])
        return self._mixed(random, images.astype(np.float32), self._pictures.targets[chosen])

    def on_epoch_end(self) -> None:
        """Go on to the next epoch, in another order."""
        self._epoch += 1
        self._shuffle()

    def _shuffle(self) -> None:
        random = np.random.default_rng([self._seed, self._epoch])
        drawn = self._real + random.permutation(self._drawn)[: self._real]
        self._order = random.permutation(np.concatenate([np.arange(self._real), drawn]))

    def _mixed(
        self, random: np.random.Generator, images: np.ndarray, targets: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Blend each image, and its targets, with another of the batch (mixup, Zhang et al. 2018)."""
        if not self._chosen.mixup:
            return images, targets
        share = random.beta(self._chosen.mixup, self._chosen.mixup, len(images)).astype(np.float32)
        other = random.permutation(len(images))
        by_image = share[:, None, None, None]
        mixed = images * by_image + images[other] * (1 - by_image)
        return mixed, targets * share[:, None] + targets[other] * (1 - share[:, None])
