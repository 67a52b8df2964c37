"""What every drawn picture needs: a random source, colours, lettering, and soft random fields."""

from __future__ import annotations

from functools import cache
from typing import TypeVar

import numpy as np
from PIL import Image, ImageDraw, ImageFont

Random = np.random.Generator
Colour = tuple[int, int, int]
Point = tuple[float, float]
Option = TypeVar("Option")

_WORDS = [
    "BUY",
    "SELL",
    "HOLD",
    "THE",
    "DIP",
    "MOON",
    "BULL",
    "BEAR",
    "STONKS",
    "WHEN",
    "YOU",
    "MARKET",
    "CRASH",
    "TO",
    "ZERO",
    "MONEY",
    "LOSS",
    "GAIN",
    "DIAMOND",
    "HANDS",
    "PAPER",
    "EARNINGS",
    "CALL",
    "PUT",
    "SHORT",
    "SQUEEZE",
    "FED",
    "RATES",
    "ROCKET",
    "BAG",
    "HOLDER",
    "LUNCH",
    "BROKER",
    "MARGIN",
    "PORTFOLIO",
    "RED",
    "GREEN",
    "DAY",
    "WIFE",
    "ASKS",
    "ME",
    "HODL",
    "LAMBO",
    "NOT",
    "STOP",
    "LOSSES",
    "TRUST",
    "PROCESS",
    "ONE",
    "DOES",
    "SIMPLY",
    "TIME",
    "IN",
    "BEATS",
    "TIMING",
    "IT",
    "IS",
    "FINE",
    "EVERYTHING",
    "WHY",
    "ARE",
    "WE",
    "HERE",
    "AGAIN",
    "AFTER",
    "HOURS",
    "TRADERS",
    "BE",
    "LIKE",
    "INVESTORS",
    "MONDAY",
    "OPEN",
    "CLOSE",
    "GREED",
    "FEAR",
    "PATIENCE",
    "PROFIT",
]


def pick(random: Random, *options: Option) -> Option:
    """Return one of the options, each as likely as the others."""
    return options[int(random.integers(len(options)))]


def chance(random: Random, probability: float) -> bool:
    """Return True with the given probability."""
    return bool(random.random() < probability)


def colour(random: Random, low: int = 0, high: int = 256) -> Colour:
    """Return a colour whose three channels lie in [low, high)."""
    red, green, blue = (int(channel) for channel in random.integers(low, high, 3))
    return red, green, blue


def vivid(random: Random) -> Colour:
    """Return a saturated colour, as cartoons and indicator lines have."""
    channels = [int(random.integers(170, 256)), int(random.integers(0, 256)), int(random.integers(0, 90))]
    random.shuffle(channels)
    return channels[0], channels[1], channels[2]


def blend(first: Colour, second: Colour, share: float) -> Colour:
    """Return the colour that lies `share` of the way from the first to the second."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def corner(image: Image.Image) -> Colour:
    """Return the colour of an RGB picture's first pixel, which is mostly that of its background."""
    red, green, blue = np.asarray(image)[0, 0].tolist()
    return red, green, blue


@cache
def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return Pillow's own typeface at a size in pixels; no font file is needed."""
    return ImageFont.load_default(max(6, size))


def phrase(random: Random, low: int = 2, high: int = 7) -> str:
    """Return a few words of traders' talk, in capitals."""
    return " ".join(str(word) for word in random.choice(_WORDS, int(random.integers(low, high))))


def ticker(random: Random) -> str:
    """Return a made-up stock symbol."""
    return "".join(chr(65 + int(letter)) for letter in random.integers(0, 26, int(random.integers(2, 5))))


def wrap(text: str, width: int, size: int) -> list[str]:
    """Break the text into lines of at most `width` pixels at a font size (a word longer than that stands alone)."""
    lines: list[str] = []
    for word in text.split():
        candidate = f"{lines[-1]} {word}" if lines else word
        if lines and font(size).getlength(candidate) <= width:
            lines[-1] = candidate
        else:
            lines.append(word)
    return lines


def paragraph(
    draw: ImageDraw.ImageDraw, at: Point, text: str, *, width: int, size: int, fill: Colour, bold: int = 0
) -> float:
    """Write left-aligned wrapped text and return the y below it; `bold` thickens the strokes by so many pixels."""
    x, y = at
    for line in wrap(text, width, size):
        draw.text((x, y), line, fill=fill, font=font(size), stroke_width=bold, stroke_fill=fill)
        y += size * 1.25
    return y


def field(random: Random, width: int, height: int, roughness: float = 0.55, octaves: int = 5) -> np.ndarray:
    """Return a smooth random field of shape (height, width) in [0, 1]: value noise summed over octaves."""
    total = np.zeros((height, width), np.float32)
    for octave in range(octaves):
        cells = 2 ** (octave + 1)
        grid = Image.fromarray(random.random((cells, cells)).astype(np.float32))
        total += np.asarray(grid.resize((width, height), Image.Resampling.BICUBIC)) * roughness**octave
    low, high = float(total.min()), float(total.max())
    return (total - low) / max(high - low, 1e-6)


def gradient(random: Random, width: int, height: int, first: Colour, second: Colour) -> Image.Image:
    """Return a picture that runs from one colour to the other along a random direction."""
    angle = random.uniform(0, 2 * np.pi)
    across, down = np.meshgrid(np.linspace(-1, 1, width), np.linspace(-1, 1, height))
    share = ((across * np.cos(angle) + down * np.sin(angle)) / 2.83 + 0.5)[..., None]
    return Image.fromarray((np.array(first) * (1 - share) + np.array(second) * share).astype(np.uint8))
