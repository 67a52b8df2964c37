"""Seen before: what was answered, by its perceptual hash, in a file that all workers of a server share."""

from __future__ import annotations

import fcntl
import math
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import accumulate
from pathlib import Path

import numpy as np

from common.errors import ConfigurationError
from image_classifier.perceptual import BITS

ALIKE = 12  # bits; reposts at half the size and JPEG quality 60 differ by 10 in nine of ten cases
_BANDS = BITS // 16  # hashes that differ in fewer bits than there are bands have one band in common
_KEYS = 1 << 16
_ID_BYTES = 12


class SeenImages:
    """The hashes and ids of the last `capacity` images, found again by the 16 bits of each band (multi-index hashing).

    A band's bits lead to a list of places that overwrites its oldest when it is full, so that memory is bounded
    whatever is posted: about 110 bytes an image, and 6 MB. Raises `ConfigurationError` where there is no room for them.
    """

    def __init__(self, path: Path, capacity: int) -> None:
        self._path, self._capacity, self._bands = path, capacity, np.arange(_BANDS)
        self._ways = -(-capacity // _KEYS)
        layout: list[tuple[type, tuple[int, ...]]] = [
            (np.uint64, (1,)),  # how many have been remembered
            (np.uint64, (capacity, BITS // 64)),  # hashes
            (np.uint32, (_BANDS, _KEYS, self._ways)),  # places, by a band's bits: 0 is none, else the place and 1
            (np.uint16, (_BANDS, _KEYS)),  # which of the ways is the oldest
            (np.uint8, (capacity, _ID_BYTES)),
        ]
        ends = list(accumulate(math.prod(shape) * np.dtype(kind).itemsize for kind, shape in layout))
        with path.open("a+b") as file:
            missing = ends[-1] - os.fstat(file.fileno()).st_size
            if missing > shutil.disk_usage(path.parent).free:
                raise ConfigurationError(f"no room for {capacity} images at {path}: they take {ends[-1]:,} bytes")
            os.ftruncate(file.fileno(), ends[-1])
            if missing and sys.platform == "linux":  # a page that finds no room when it is written to ends the process
                os.posix_fallocate(file.fileno(), 0, ends[-1])
        self._count, self._hashes, self._places, self._oldest, self._ids = (
            np.memmap(path, kind, "r+", start, shape)
            for start, (kind, shape) in zip([0, *ends[:-1]], layout, strict=True)
        )

    def look_up(self, code: np.ndarray) -> str | None:
        """Return the id of the image whose hash is nearest, if it differs in at most ALIKE bits."""
        places = self._places[self._bands, code.view(np.uint16)].ravel()
        places = places[places > 0] - 1
        if not len(places):
            return None
        distances = np.bitwise_count(self._hashes[places] ^ code.view(np.uint64)).sum(axis=1)
        nearest = int(distances.argmin())
        if distances[nearest] > ALIKE:
            return None
        name = self._ids[places[nearest]].tobytes().hex()
        return f"{name[:8]}-{name[8:]}"

    def note(self, code: np.ndarray, image_id: str) -> str | None:
        """Return the id of an image that was alike, or remember this one under its own id."""
        with self._alone():
            earlier = self.look_up(code)
            if earlier is None:
                self._remember(code, bytes.fromhex(image_id.replace("-", "")))
            return earlier

    def _remember(self, code: np.ndarray, name: bytes) -> None:
        place = int(self._count[0]) % self._capacity
        self._hashes[place] = code.view(np.uint64)
        self._ids[place] = np.frombuffer(name, np.uint8)
        at = self._bands, code.view(np.uint16)
        oldest = self._oldest[at]
        self._places[*at, oldest] = place + 1
        self._oldest[at] = (oldest + 1) % self._ways
        self._count[0] += 1

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other threads and other workers out; the kernel lets go for a worker that is killed."""
        with self._path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
