"""Folders of labelled images: DIR/train and DIR/val, each with one folder per class, and perhaps one of neither."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from common.errors import DataError, MissingInputError
from image_classifier.artifact import CLASSES, NEITHER

SUFFIXES = (".avif", ".bmp", ".gif", ".heic", ".jpeg", ".jpg", ".png", ".webp")


@dataclass(frozen=True)
class Example:
    """One labelled image file; `kind` says what sort of picture one that is neither is, as far as that is known."""

    path: Path
    label: str
    kind: str = ""


def read_split(directory: Path) -> list[Example]:
    """List the images of a folder that has one folder per class, in order of class and name.

    Beside the classes there may be a folder `neither`, with images or with one folder for each kind of them.

    Raises `MissingInputError` when the folder is not there and `DataError` when its folders are not the classes, or one
    is empty, or a file in them is not an image by its name.
    """
    if not directory.is_dir():
        raise MissingInputError(
            f"{directory} is not a folder; expected the folders {' and '.join(sorted(CLASSES))} in it"
        )
    found = sorted(entry.name for entry in directory.iterdir() if entry.is_dir())
    if sorted(set(found) - {NEITHER}) != sorted(CLASSES):
        raise DataError(f"{directory} holds the folders {found}; expected {sorted(CLASSES)} and perhaps {NEITHER!r}")
    examples = [example for label in sorted(CLASSES) for example in _read_class(directory / label, label)]
    return examples + (_read_kinds(directory / NEITHER) if NEITHER in found else [])


def read_reviewed(directory: Path) -> list[Example]:
    """List the images of a folder that may have folders for the classes and for neither, as many as there are."""
    labels = [label for label in (*sorted(CLASSES), NEITHER) if (directory / label).is_dir()]
    return [example for label in labels for example in _read_class(directory / label, label)]


def hash_examples(examples: Sequence[Example]) -> str:
    """Return the SHA-256 over the labels and contents of the images, whatever their names."""
    contents = sorted(
        f"{example.label} {hashlib.sha256(example.path.read_bytes()).hexdigest()}" for example in examples
    )
    return hashlib.sha256("\n".join(contents).encode()).hexdigest()


def _read_kinds(directory: Path) -> list[Example]:
    kinds = sorted(entry for entry in directory.iterdir() if entry.is_dir())
    if not kinds:
        return list(_read_class(directory, NEITHER))
    return [example for kind in kinds for example in _read_class(kind, NEITHER, kind.name)]


def _read_class(directory: Path, label: str, kind: str = "") -> Sequence[Example]:
    paths = sorted(path for path in directory.iterdir() if not path.name.startswith("."))
    strangers = [path.name for path in paths if path.suffix.lower() not in SUFFIXES]
    if strangers:
        raise DataError(f"{directory} holds {strangers[0]}, which is not an image ({', '.join(SUFFIXES)})")
    if not paths:
        raise DataError(f"{directory} holds no images")
    return [Example(path, label, kind) for path in paths]
