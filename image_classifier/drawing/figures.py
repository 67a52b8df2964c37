"""Charts from reports and news: columns, stacked columns, several lines, scatter, curves with labels."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from image_classifier.drawing.canvas import Colour, Random, blend, chance, font, phrase, pick, vivid
from image_classifier.drawing.panels import Panel, Theme, random_theme


def report_figure(random: Random, width: int, height: int) -> Image.Image:
    """Draw one figure of the given size in pixels, with a title, axes, a legend and a source line."""
    theme = random_theme(random, letters=int(np.clip(height / random.uniform(22, 40), 8, 18)))
    image = Image.new("RGB", (width, height), theme.background)
    draw = ImageDraw.Draw(image)
    top = int(height * random.uniform(0.08, 0.25))
    bottom = int(height * random.uniform(0.7, 0.9))
    left, right = int(width * random.uniform(0.02, 0.12)), int(width * random.uniform(0.85, 0.98))
    shades = [vivid(random) for _ in range(5)]
    box = (left, top, right, bottom)
    kinds = (_columns, _rows, _stacked, _lines, _lines, _scatter, _labelled_curve, _mirrored_columns)
    kinds[int(random.integers(len(kinds)))](random, draw, box, theme, shades)
    _lettering(random, draw, theme, shades, size=(width, height), bottom=bottom)
    return image


def _columns(
    random: Random, draw: ImageDraw.ImageDraw, box: tuple[int, int, int, int], theme: Theme, shades: list[Colour]
) -> None:
    count = int(random.integers(4, 40))
    heights = np.abs(np.cumsum(random.normal(0.3, 1, count))) + 0.3
    panel = Panel(draw, box, theme, count, (0.0, float(heights.max())))
    panel.frame(random, grid=chance(random, 0.5))
    panel.columns(heights, 0.0, shades[: int(random.integers(1, 4))], share=random.uniform(0.5, 0.95))
    if chance(random, 0.4):
        panel.curve(heights * random.uniform(0.5, 1.0), shades[4], theme.width + 1)


def _rows(
    random: Random, draw: ImageDraw.ImageDraw, box: tuple[int, int, int, int], theme: Theme, shades: list[Colour]
) -> None:
    left, top, right, bottom = box
    count = int(random.integers(4, 25))
    tall, middle = (bottom - top) / count, left + (right - left) * float(pick(random, 0.2, 0.5))
    for row, length in enumerate(np.sort(random.normal(0.3, 0.4, count).clip(-0.9, 1))):
        ends = sorted((middle, middle + length * (right - middle)))
        y = top + row * tall
        draw.rectangle((ends[0], y + tall * 0.15, ends[1], y + tall * 0.85), fill=shades[0 if length > 0 else 1])
        draw.text((left, y), phrase(random, 1, 2).lower(), theme.ink, font(int(max(7, tall * 0.6))))


def _stacked(
    random: Random, draw: ImageDraw.ImageDraw, box: tuple[int, int, int, int], theme: Theme, shades: list[Colour]
) -> None:
    count, layers = int(random.integers(5, 20)), int(random.integers(2, 5))
    parts = np.cumsum(random.gamma(2, 1, (layers, count)), axis=0)
    panel = Panel(draw, box, theme, count, (0.0, float(parts.max())))
    panel.frame(random, grid=chance(random, 0.5))
    for layer in range(layers - 1, -1, -1):
        panel.columns(parts[layer], 0.0, [shades[layer]], share=0.6)


def _lines(
    random: Random, draw: ImageDraw.ImageDraw, box: tuple[int, int, int, int], theme: Theme, shades: list[Colour]
) -> None:
    count = pick(random, 6, 10, 30, 120)
    series = np.cumsum(random.normal(0.1, 1, (int(random.integers(1, 6)), count)), axis=1)
    panel = Panel(draw, box, theme, count, (float(series.min()), float(series.max())))
    panel.frame(random, grid=chance(random, 0.6))
    for shade, values in zip(shades, series, strict=False):
        panel.curve(values, shade, int(random.integers(1, 5)))
        if count <= 10 and chance(random, 0.5):
            for bar, value in enumerate(values):
                _dot(draw, panel.x(bar), panel.y(value), 4, shade)


def _scatter(
    random: Random, draw: ImageDraw.ImageDraw, box: tuple[int, int, int, int], theme: Theme, shades: list[Colour]
) -> None:
    panel = Panel(draw, box, theme, 100, (0.0, 1.0))
    panel.frame(random, grid=chance(random, 0.7))
    for bar in random.integers(0, 100, int(random.integers(20, 150))):
        _dot(draw, panel.x(bar), panel.y((bar / 100 + random.normal(0, 0.2)) % 1), 3, shades[0])
    panel.curve(np.linspace(0.1, random.uniform(0.5, 0.9), 100), shades[1], 2)


def _labelled_curve(
    random: Random, draw: ImageDraw.ImageDraw, box: tuple[int, int, int, int], theme: Theme, shades: list[Colour]
) -> None:
    """Draw a schematic cycle: one smooth curve with words at its turns."""
    steps = np.linspace(0, random.uniform(4, 12), 60)
    series = np.sin(steps + random.uniform(0, 6)) + steps * random.uniform(-0.2, 0.3)
    panel = Panel(draw, box, theme, 60, (float(series.min()), float(series.max())))
    if chance(random, 0.6):
        panel.frame(random, grid=chance(random, 0.3))
    panel.curve(series, shades[0], int(random.integers(2, 6)))
    for bar in range(3, 60, int(random.integers(8, 16))):
        _dot(draw, panel.x(bar), panel.y(series[bar]), 5, shades[1])
        draw.text(
            (panel.x(bar) + 8, panel.y(series[bar]) - 8), phrase(random, 1, 3).lower(), theme.ink, font(theme.letters)
        )


def _mirrored_columns(
    random: Random, draw: ImageDraw.ImageDraw, box: tuple[int, int, int, int], theme: Theme, shades: list[Colour]
) -> None:
    """Draw puts against calls by strike: falling columns of one colour, rising ones of another."""
    count = int(random.integers(15, 60))
    turn = random.uniform(0.3, 0.7) * count
    heights = np.abs(np.arange(count) - turn) ** random.uniform(1, 2) + 0.1
    panel = Panel(draw, box, theme, count, (0.0, float(heights.max())))
    panel.frame(random, grid=chance(random, 0.4))
    panel.columns(heights, 0.0, [shades[0] if bar < turn else shades[1] for bar in range(count)])


def _dot(draw: ImageDraw.ImageDraw, x: float, y: float, radius: float, shade: Colour) -> None:
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=shade)


def _lettering(
    random: Random, draw: ImageDraw.ImageDraw, theme: Theme, shades: list[Colour], *, size: tuple[int, int], bottom: int
) -> None:
    width, height = size
    title = int(theme.letters * random.uniform(1.1, 2))
    draw.text(
        (width * 0.04, 4),
        phrase(random, 3, 8).capitalize(),
        theme.ink,
        font(title),
        stroke_width=int(chance(random, 0.5)),
    )
    if chance(random, 0.6):
        for place, shade in enumerate(shades[: int(random.integers(1, 4))]):
            x, y = width * (0.1 + 0.28 * place), min(bottom + theme.letters * 1.8, height - theme.letters * 2.2)
            draw.rectangle((x, y, x + theme.letters, y + theme.letters), fill=shade)
            draw.text((x + theme.letters * 1.5, y - 2), phrase(random, 1, 3).lower(), theme.ink, font(theme.letters))
    if chance(random, 0.6):
        faint = blend(theme.ink, theme.background, 0.4)
        draw.text((width * 0.04, height - theme.letters * 1.4), "Source: company reports", faint, font(theme.letters))
