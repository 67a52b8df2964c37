"""Seen before: what was answered, by its perceptual hash, in a file that all workers of a server share."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from image_classifier.perceptual import BITS

ALIKE = 12  # bits; reposts at half the size and JPEG quality 60 differ by 10 in nine of ten cases
_BANDS = BITS // 16  # hashes that differ in fewer bits than there are bands have one band in common
_KEYS = 1 << 16
_ID_BYTES = 12


class SeenImages:
    """The hashes and ids of the last `capacity` images, found again by the 16 bits of each band (multi-index hashing).

    A band's bits lead to a list of places that overwrites its oldest when it is full, so that memory is bounded
    whatever is posted: about 110 bytes an image, and 6 MB.
    """

    def __init__(self, path: Path, capacity: int) -> None:
        self._capacity = capacity
        ways = -(-capacity // _KEYS)
        layout = np.dtype(
            [
                ("count", np.uint64, (1,)),
                ("hashes", np.uint64, (capacity, BITS // 64)),
                ("ids", np.uint8, (capacity, _ID_BYTES)),
                ("places", np.uint32, (_BANDS, _KEYS, ways)),  # 0: none, else the place and 1
                ("next", np.uint16, (_BANDS, _KEYS)),
            ]
        )
        with path.open("a+b") as file:
            file.truncate(layout.itemsize)
        content = np.memmap(path, layout, "r+", shape=())
        self._count, self._hashes, self._ids = content["count"], content["hashes"], content["ids"]
        self._places, self._next = content["places"], content["next"]
        self._path, self._ways, self._bands = path, ways, np.arange(_BANDS)

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
        oldest = self._next[at]
        self._places[*at, oldest] = place + 1
        self._next[at] = (oldest + 1) % self._ways
        self._count[0] += 1

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other threads and other workers out; the kernel lets go for a worker that is killed."""
        with self._path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
