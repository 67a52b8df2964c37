"""The look-up of images seen before among millions of hashes: `python -m benchmarks.classifier_seen [--images N]`.

The hashes are made up band by band from those of 1,000 drawn pictures, with bits turned, so that some keys are far
more common than others, as with real pictures. Prints what one look-up and one note cost, how many reposts are found by
how many bits they differ, and the memory.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from image_classifier.drawing import draw_picture
from image_classifier.perceptual import BITS, perceptual_hash
from image_classifier.preprocessing import letterbox
from image_classifier.serving.seen import ALIKE, SeenImages

_PICTURES = 1000
_ASKED = 2000


def main() -> None:
    """Fill, then look up."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=10_000_000)
    count = parser.parse_args().images
    random = np.random.default_rng(7)
    codes = _codes(count, random)
    with tempfile.TemporaryDirectory() as scratch:
        seen = SeenImages(Path(scratch) / "seen", count)
        _fill(seen, codes)
        print(f"{count:,} hashes, {(Path(scratch) / 'seen').stat().st_size / count:.0f} bytes an image")
        asked = random.integers(0, count, _ASKED)
        for bits in (0, 4, 8, ALIKE, 16):
            variants = _turned(codes[asked], bits, random)
            found = _timed(f"look-up of a repost that differs in {bits} bits", seen.look_up, variants)
            print(f"    found {np.mean([name is not None for name in found]):.4f}")
        strangers = _codes(_ASKED, random)
        found = _timed("look-up of what was never seen", seen.look_up, strangers)
        print(f"    found {np.mean([name is not None for name in found]):.4f}")
        _timed("look-up and note of what was never seen", lambda code: seen.note(code, f"20261130-{0:016x}"), strangers)


def _fill(seen: SeenImages, codes: np.ndarray) -> None:
    """Remember all, as noting one after the other would, in less than the minutes of that."""
    count, keys = len(codes), codes.view(np.uint16)
    seen._hashes[:], seen._count[0] = codes.view(np.uint64), count
    for band in range(keys.shape[1]):
        order = np.argsort(keys[:, band], kind="stable")
        key = keys[order, band]
        firsts = np.searchsorted(key, np.arange(1 << 16))
        ranks = np.arange(count) - firsts[key]
        seen._places[band, key, ranks % seen._ways] = order + 1  # of equal places, the last one stays
        seen._oldest[band] = np.bincount(key, minlength=1 << 16) % seen._ways


def _codes(count: int, random: np.random.Generator) -> np.ndarray:
    pictures = [letterbox(draw_picture(("chart", "meme")[n % 2], 5, n), 128) for n in range(_PICTURES)]
    known = np.array([code for picture in pictures if (code := perceptual_hash(picture)) is not None]).view(np.uint16)
    codes = np.empty((count, BITS // 8), np.uint8)
    for start in range(0, count, 100_000):
        part = codes[start : start + 100_000]
        chosen = random.integers(0, len(known), (len(part), known.shape[1]))
        part[:] = np.take_along_axis(known, chosen, axis=0).view(np.uint8)
        part ^= np.bitwise_and.reduce(random.integers(0, 256, (3, *part.shape), np.uint8))  # one bit in eight
    return codes


def _turned(codes: np.ndarray, bits: int, random: np.random.Generator) -> np.ndarray:
    mask = np.zeros((len(codes), BITS), np.uint8)
    mask[:, :bits] = 1
    return codes ^ np.packbits(random.permuted(mask, axis=1), axis=1)


def _timed(what: str, ask: Callable[[np.ndarray], str | None], codes: np.ndarray) -> list[str | None]:
    seconds, answers = [], []
    for code in codes:
        started = time.perf_counter()
        answers.append(ask(code))
        seconds.append(time.perf_counter() - started)
    print(f"{what}: {np.median(seconds) * 1e6:.0f} us, p99 {np.quantile(seconds, 0.99) * 1e6:.0f} us")
    return answers


if __name__ == "__main__":
    main()
