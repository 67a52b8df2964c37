"""Training images in memory: real ones decoded, drawn ones drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from common.errors import DataError
from common.progress import track
from image_classifier.dataset import Example
from image_classifier.drawing import draw_picture
from image_classifier.images import ImageError, read_image
from image_classifier.preprocessing import letterbox

SOURCE_SIDE = (
    299  # what is kept of each image in memory, so that augmentation works on more pixels than the network sees
)


@dataclass(frozen=True)
class Pictures:
    """RGB pictures with three targets each: whether it is a chart, no photograph of something else, no other stranger.

    A target that says nothing of a picture is NaN: whether a stranger is a chart, or whether a map is a photograph.
    """

    images: list[Image.Image]
    targets: np.ndarray

    @property
    def posts(self) -> np.ndarray:
        """Whether each is a chart or a meme."""
        return np.asarray(~np.isnan(self.targets[:, 0]))

    def subset(self, chosen: np.ndarray) -> Pictures:
        """Return the pictures at the chosen positions."""
        return Pictures([self.images[position] for position in chosen], self.targets[chosen])

    def arrays(self, side: int) -> np.ndarray:
        """Return all pictures as the network sees them in serving: uint8 of shape (n, side, side, 3)."""
        return np.stack([letterbox(image, side) for image in self.images])


_NOTHING = float("nan")
_TARGETS = {"chart": (1.0, 1.0, 1.0), "meme": (0.0, 1.0, 1.0), "neither": (_NOTHING, 0.0, 0.0)}
_PHOTOGRAPH, _OTHER_STRANGER = (_NOTHING, 0.0, _NOTHING), (_NOTHING, _NOTHING, 0.0)
_PHOTOGRAPHS = ("photograph", "portrait")


def targets_of(label: str, kind: str = "") -> tuple[float, float, float]:
    """Return the targets of a class; the names of kinds of photographs begin with photograph or portrait."""
    if label != "neither" or not kind:
        return _TARGETS[label]
    return _PHOTOGRAPH if kind.startswith(_PHOTOGRAPHS) else _OTHER_STRANGER


def load_pictures(examples: list[Example], description: str) -> Pictures:
    """Decode labelled files. Raises `DataError` naming the first that cannot be decoded."""
    images = []
    for example in track(examples, description):
        try:
            images.append(read_image(example.path.read_bytes(), SOURCE_SIDE))
        except ImageError as error:
            raise DataError(f"{example.path}: {error}") from None
    return Pictures(images, np.array([targets_of(example.label, example.kind) for example in examples], np.float32))


def draw_pictures(counts: dict[str, int], seed: int) -> Pictures:
    """Draw so many pictures of each kind."""
    kinds = [kind for kind, count in counts.items() for _ in range(count)]
    numbers = [number for count in counts.values() for number in range(count)]
    images = []
    for kind, number in track(list(zip(kinds, numbers, strict=True)), "drawing training images"):
        image = draw_picture(kind, seed, number)
        image.thumbnail((SOURCE_SIDE, SOURCE_SIDE), Image.Resampling.BILINEAR, reducing_gap=2.0)
        images.append(image)
    return Pictures(images, np.array([targets_of(kind, "drawn") for kind in kinds], np.float32).reshape(-1, 3))
