"""A folder of drawn images, laid out as training wants it."""

from __future__ import annotations

from pathlib import Path

from common.errors import ConfigurationError
from common.progress import track
from image_classifier.artifact import CLASSES
from image_classifier.drawing import draw_picture

_VAL_SHARE = 0.2


def generate_folder(output: Path, count: int, seed: int) -> None:
    """Write `count` drawn images as DIR/{train,val}/{chart,meme}/NNNNN.png: half of each class, a fifth of them in val.

    The same seed gives the same files. Raises `ConfigurationError` when the folder already holds something.
    """
    if output.is_dir() and any(output.iterdir()):
        raise ConfigurationError(f"{output} is not empty; name a new folder with --out")
    for number in track(range(count), "drawing"):
        label, index = CLASSES[number % 2], number // 2
        split = "val" if index % round(1 / _VAL_SHARE) == 0 else "train"
        path = output / split / label / f"{index:05}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        draw_picture(label, seed, index).save(path)
