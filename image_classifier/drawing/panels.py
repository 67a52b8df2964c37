"""One plot area: series and annotations drawn inside a box, in the style of a theme."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import ImageDraw

from image_classifier.drawing import prices as history
from image_classifier.drawing.canvas import Colour, Point, Random, blend, chance, colour, font, phrase, pick, vivid

Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Theme:
    """The colours and widths that one chart is drawn with."""

    background: Colour
    ink: Colour
    grid: Colour
    rise: Colour
    fall: Colour
    line: Colour
    width: int
    letters: int
    labelled: bool


def random_theme(random: Random, letters: int) -> Theme:
    """Return a light, dark or tinted theme, with the colours that charting programs really use."""
    dark = chance(random, 0.45)
    if dark:
        background = pick(
            random, (0, 0, 0), (19, 23, 34), (24, 26, 32), (30, 30, 30), (10, 25, 10), colour(random, 0, 50)
        )
    else:
        background = pick(
            random,
            (255, 255, 255),
            (255, 255, 255),
            (250, 250, 245),
            (200, 200, 200),
            (225, 240, 220),
            colour(random, 200),
            colour(random, 140),
        )
    ink: Colour = (200, 200, 200) if dark else (40, 40, 40)
    rise, fall = _candle_colours(random, dark)
    return Theme(
        background=background,
        ink=ink,
        grid=blend(background, ink, random.uniform(0.08, 0.3)),
        rise=rise,
        fall=fall,
        line=vivid(random) if chance(random, 0.7) else ink,
        width=int(random.integers(1, 4)),
        letters=letters,
        labelled=chance(random, 0.85),
    )


def _candle_colours(random: Random, dark: bool) -> tuple[Colour, Colour]:
    plain: Colour = (230, 230, 230) if dark else (20, 20, 20)
    pairs = (
        ((0, 160, 70), (220, 30, 30)),
        ((38, 166, 154), (239, 83, 80)),
        ((0, 220, 0), (255, 0, 0)),
        (plain, (220, 30, 30)),
        ((40, 90, 220), (220, 40, 60)),
        (plain, blend(plain, (128, 128, 128), 0.6)),
    )
    return pairs[int(random.integers(len(pairs)))]


class Panel:
    """A plot area: maps (bar, value) to pixels of a box and draws there."""

    def __init__(self, draw: ImageDraw.ImageDraw, box: Box, theme: Theme, bars: int, span: tuple[float, float]) -> None:
        self.draw, self.box, self.theme, self.bars = draw, box, theme, bars
        low, high = span
        margin = 0.06 * (high - low) or 1.0
        self._low, self._high = low - margin, high + margin

    def x(self, bar: float) -> float:
        """Return the pixel column of a bar."""
        left, _, right, _ = self.box
        return left + (bar + 0.5) / self.bars * (right - left)

    def y(self, value: float) -> float:
        """Return the pixel row of a value."""
        _, top, _, bottom = self.box
        return bottom - (value - self._low) / (self._high - self._low) * (bottom - top)

    def frame(self, random: Random, grid: bool) -> None:
        """Draw the border, grid lines and the axis figures on the right and below."""
        left, top, right, bottom = self.box
        for share in np.linspace(0, 1, int(random.integers(4, 10)))[1:-1]:
            row = top + share * (bottom - top)
            if grid:
                self.draw.line([(left, row), (right, row)], fill=self.theme.grid)
            if self.theme.labelled:
                figure = f"{(self._high - share * (self._high - self._low)) * 100:.2f}"
                self.draw.text(
                    (right + 3, row - self.theme.letters / 2), figure, self.theme.ink, font(self.theme.letters)
                )
        for share in np.linspace(0, 1, int(random.integers(4, 12)))[1:-1]:
            column = left + share * (right - left)
            if grid:
                self.draw.line([(column, top), (column, bottom)], fill=self.theme.grid)
            if self.theme.labelled:
                self.draw.text(
                    (column - 8, bottom + 2), f"{random.integers(1, 31)}", self.theme.ink, font(self.theme.letters)
                )
        if chance(random, 0.6):
            self.draw.rectangle(self.box, outline=blend(self.theme.grid, self.theme.ink, 0.4))

    def curve(self, series: np.ndarray, fill: Colour, width: int = 1) -> None:
        """Draw a series as a line."""
        self.draw.line([(self.x(bar), self.y(value)) for bar, value in enumerate(series)], fill=fill, width=width)

    def area(self, series: np.ndarray, fill: Colour) -> None:
        """Fill what lies under a series."""
        left, _, right, bottom = self.box
        points = [(self.x(bar), self.y(value)) for bar, value in enumerate(series)]
        self.draw.polygon([(left, bottom), *points, (right, bottom)], fill=blend(self.theme.background, fill, 0.35))

    def cloud(self, first: np.ndarray, second: np.ndarray, fill: Colour) -> None:
        """Fill what lies between two series."""
        upper = [(self.x(bar), self.y(value)) for bar, value in enumerate(first)]
        lower = [(self.x(bar), self.y(value)) for bar, value in enumerate(second)]
        self.draw.polygon([*upper, *reversed(lower)], fill=blend(self.theme.background, fill, 0.45))

    def columns(self, heights: np.ndarray, base: float, fills: list[Colour], share: float = 0.7) -> None:
        """Draw one column per bar from the base to its height; `share` of the room is filled."""
        half = max(0.5, share * (self.box[2] - self.box[0]) / self.bars / 2)
        for bar, height in enumerate(heights):
            rows = sorted((self.y(height), self.y(base)))
            self.draw.rectangle(
                (self.x(bar) - half, rows[0], self.x(bar) + half, rows[1]), fill=fills[bar % len(fills)]
            )

    def candles(self, prices: history.Prices, hollow: bool) -> None:
        """Draw candlesticks; hollow ones leave the rising bodies open."""
        half = max(0.5, 0.35 * (self.box[2] - self.box[0]) / self.bars)
        for bar in range(len(prices.close)):
            opening, close = prices.opening[bar], prices.close[bar]
            shade = self.theme.rise if close >= opening else self.theme.fall
            middle = self.x(bar)
            self.draw.line([(middle, self.y(prices.high[bar])), (middle, self.y(prices.low[bar]))], fill=shade)
            top, bottom = sorted((self.y(opening), self.y(close)))
            inside = self.theme.background if hollow and close >= opening else shade
            self.draw.rectangle((middle - half, top, middle + half, max(bottom, top + 1)), fill=inside, outline=shade)

    def ticks(self, prices: history.Prices) -> None:
        """Draw open-high-low-close bars."""
        half = max(1.0, 0.4 * (self.box[2] - self.box[0]) / self.bars)
        for bar in range(len(prices.close)):
            shade = self.theme.rise if prices.close[bar] >= prices.opening[bar] else self.theme.fall
            middle, opening, close = self.x(bar), self.y(prices.opening[bar]), self.y(prices.close[bar])
            self.draw.line([(middle, self.y(prices.high[bar])), (middle, self.y(prices.low[bar]))], fill=shade)
            self.draw.line([(middle - half, opening), (middle, opening)], fill=shade)
            self.draw.line([(middle, close), (middle + half, close)], fill=shade)

    def annotate(self, random: Random, series: np.ndarray) -> None:
        """Draw what traders add by hand: trend lines, levels, ellipses, arrows, notes, retracement zones."""
        for _ in range(int(random.integers(1, 5))):
            self._annotation(random, series, vivid(random), int(random.integers(1, 4)))

    def _annotation(self, random: Random, series: np.ndarray, shade: Colour, width: int) -> None:
        left, top, right, bottom = self.box
        first, second = sorted(int(bar) for bar in random.integers(0, len(series), 2))
        start: Point = (self.x(first), self.y(series[first]))
        end: Point = (self.x(second), self.y(series[second]))
        kind = random.integers(8)
        if kind == 0:
            self.draw.line([start, end], fill=shade, width=width)
        elif kind == 1:
            self.draw.line([(left, start[1]), (right, start[1])], fill=shade, width=width)
        elif kind == 2:
            reach = random.uniform(0.05, 0.15) * (right - left)
            self.draw.ellipse(
                (end[0] - reach, end[1] - reach, end[0] + reach, end[1] + reach), outline=shade, width=width
            )
        elif kind == 3:
            _arrow(
                self.draw, (end[0] + random.uniform(-80, 80), end[1] - random.uniform(20, 80)), end, shade, width + 1
            )
        elif kind == 4:
            self.draw.text(
                (start[0], max(top, start[1] - 30)), phrase(random, 1, 5), shade, font(self.theme.letters + 4)
            )
        elif kind == 5:
            rise = (bottom - top) * random.uniform(0.1, 0.3)
            self.draw.line([start, end], fill=shade, width=width)
            self.draw.line([(start[0], start[1] - rise), (end[0], end[1] - rise)], fill=shade, width=width)
        elif kind == 6:
            corners = sorted((start[0], end[0])), sorted((start[1], end[1]))
            self.draw.rectangle(
                (corners[0][0], corners[1][0], corners[0][1], corners[1][1]), outline=shade, width=width + 1
            )
        else:
            for share in (0.0, 0.236, 0.382, 0.5, 0.618, 1.0):
                row = self.y(series.max() - share * (series.max() - series.min()))
                self.draw.line([(start[0], row), (right, row)], fill=blend(shade, self.theme.background, share / 2))


def _arrow(draw: ImageDraw.ImageDraw, start: Point, end: Point, shade: Colour, width: int) -> None:
    draw.line([start, end], fill=shade, width=width)
    angle = np.arctan2(end[1] - start[1], end[0] - start[0])
    reach = 10 + 3 * width
    barbs = [(end[0] - reach * np.cos(angle + turn), end[1] - reach * np.sin(angle + turn)) for turn in (-0.5, 0.5)]
    draw.polygon([end, *barbs], fill=shade)
