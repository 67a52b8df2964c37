"""Answered images that are kept to learn from: what was answered, what a user said, and what a reviewer decided.

Keys are `samples/<day>/<id>/`: `image-<bytes>`, `answer.json`, and perhaps `claim.json` (a user's word, which anybody
can give) and `review.json` (a reviewer's, which alone is trained on).
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from common.errors import DataError, MissingInputError
from common.storage import Store
from image_classifier.artifact import CLASSES, NEITHER

LABELS = (*CLASSES, NEITHER)
_ROOT = "samples"
_ID = re.compile(r"\d{8}-[0-9a-f]{16}")
_HELD_OUT_OF = 5


@dataclass(frozen=True)
class Sample:
    """What is kept of one answer."""

    id: str
    image_bytes: int
    claimed: bool
    reviewed: bool

    @property
    def held_out(self) -> bool:
        """Whether the image judges artifacts instead of training them: one in five, for good."""
        return hashlib.sha256(self.id.encode()).digest()[0] % _HELD_OUT_OF == 0


def new_sample_id() -> str:
    """Return an id that begins with its day (UTC)."""
    return f"{datetime.now(UTC):%Y%m%d}-{secrets.token_hex(8)}"


class Samples:
    """The samples in a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def keep(self, sample_id: str, image: bytes, answer: dict[str, Any]) -> None:
        """Keep an image and its answer; a sample without its answer is not there yet."""
        self._store.put(_key(sample_id, f"image-{len(image)}"), image)
        self._store.put(_key(sample_id, "answer.json"), json.dumps(answer).encode())

    def has(self, sample_id: str) -> bool:
        """Tell whether a sample is kept."""
        return self._store.exists(_key(sample_id, "answer.json"))

    def claim(self, sample_id: str, label: str) -> None:
        """Note the class that a user says is right."""
        self._note(sample_id, "claim.json", label)

    def review(self, sample_id: str, label: str) -> None:
        """Note the class that a reviewer says is right."""
        if not self.has(sample_id):
            raise MissingInputError(f"there is no sample {sample_id!r}")
        self._note(sample_id, "review.json", label)

    def take_back(self, sample_id: str) -> None:
        """Undo a review."""
        self._store.delete(_key(sample_id, "review.json"))

    def image(self, sample: Sample) -> bytes:
        """Return the image file as it was sent."""
        return self._store.get(_key(sample.id, f"image-{sample.image_bytes}"))

    def answer(self, sample: Sample) -> dict[str, Any]:
        """Return the answer that was given, and what a user said of it, if anything."""
        answer: dict[str, Any] = json.loads(self._store.get(_key(sample.id, "answer.json")))
        if sample.claimed:
            answer["claim"] = self._label(sample, "claim.json")
        return answer

    def label(self, sample: Sample) -> str:
        """Return the class that the reviewer decided on."""
        return self._label(sample, "review.json")

    def all(self) -> Iterator[Sample]:
        """Yield the samples, the oldest day first."""
        return self._under(f"{_ROOT}/")

    def find(self, sample_id: str) -> Sample | None:
        """Return a sample, or None."""
        return next(self._under(_key(sample_id, "")), None)

    def _under(self, prefix: str) -> Iterator[Sample]:
        parts: dict[str, set[str]] = {}
        for key in self._store.list(prefix):
            sample_id, _, part = key.removeprefix(f"{_ROOT}/").partition("/")[2].partition("/")
            parts.setdefault(sample_id, set()).add(part)
        for sample_id, names in parts.items():
            sizes = [int(name.removeprefix("image-")) for name in names if name.startswith("image-")]
            if sizes and "answer.json" in names:
                yield Sample(sample_id, sizes[0], "claim.json" in names, "review.json" in names)

    def expire(self, days: int, most_bytes: int) -> int:
        """Delete what is older than so many days, and the oldest beyond so many bytes; return the bytes that stay."""
        oldest = f"{datetime.now(UTC) - timedelta(days=days):%Y%m%d}"
        samples = list(self.all())
        total = sum(sample.image_bytes for sample in samples)
        for sample in samples:
            if sample.id[:8] >= oldest and total <= most_bytes:
                break
            for key in list(self._store.list(_key(sample.id, ""))):
                self._store.delete(key)
            total -= sample.image_bytes
        return total

    def _note(self, sample_id: str, name: str, label: str) -> None:
        if label not in LABELS:
            raise DataError(f"class is {label!r}; expected one of {', '.join(LABELS)}")
        said = {"class": label, "at": datetime.now(UTC).isoformat(timespec="seconds")}
        self._store.put(_key(sample_id, name), json.dumps(said).encode())

    def _label(self, sample: Sample, name: str) -> str:
        return str(json.loads(self._store.get(_key(sample.id, name)))["class"])


def _key(sample_id: str, name: str) -> str:
    if not _ID.fullmatch(sample_id):
        raise MissingInputError(f"there is no sample {sample_id!r}")
    return f"{_ROOT}/{sample_id[:8]}/{sample_id}/{name}"
