"""Price charts as trading programs show them: a main panel, indicators below, a title, notes."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from PIL import Image, ImageDraw

from image_classifier.drawing import prices as history
from image_classifier.drawing.canvas import Random, chance, colour, font, phrase, pick, ticker, vivid
from image_classifier.drawing.panels import Box, Panel, Theme, random_theme


def price_chart(random: Random, width: int, height: int) -> Image.Image:
    """Draw one price chart of the given size in pixels."""
    theme = random_theme(random, letters=int(np.clip(height / random.uniform(30, 60), 7, 16)))
    image = Image.new("RGB", (width, height), theme.background)
    if chance(random, 0.1):
        image = _tinted_background(random, width, height, theme)
    draw = ImageDraw.Draw(image)
    prices = history.random_prices(random, int(random.integers(20, max(40, min(260, width // 3)))))
    right = width - (int(theme.letters * random.uniform(3, 6)) if theme.labelled else 4)
    boxes = _boxes(random, 4, int(theme.letters * 2.5), right, height - theme.letters * 2)
    main = _main_panel(random, draw, boxes[0], theme, prices)
    for box in boxes[1:]:
        _indicator(random, draw, box, theme, prices)
    if chance(random, 0.8):
        _title(random, draw, theme, prices, width)
    if chance(random, 0.55):
        main.annotate(random, prices.close)
    if chance(random, 0.08):
        _watermark(random, draw, theme, (width, height))
    return image


def wall(random: Random, width: int, height: int) -> Image.Image:
    """Draw a wide desktop of several small charts side by side."""
    rows, columns = int(random.integers(1, 3)), int(random.integers(2, 4))
    sheet = Image.new("RGB", (width, height), colour(random, 0, 60))
    for row in range(rows):
        for column in range(columns):
            size = (width // columns - 4, height // rows - 4)
            sheet.paste(price_chart(random, *size), (column * width // columns + 2, row * height // rows + 2))
    return sheet


def _tinted_background(random: Random, width: int, height: int, theme: Theme) -> Image.Image:
    pale = Image.new("RGB", (width, height), theme.background)
    tint = Image.new("L", (1, height))
    tint.putdata([int(90 * row / height) for row in range(height)])
    pale.paste(Image.new("RGB", (width, height), colour(random, 120)), (0, 0), tint.resize((width, height)))
    return pale


def _boxes(random: Random, left: int, top: int, right: int, bottom: int) -> list[Box]:
    """Split the area into a main panel and up to three indicator panels below it."""
    below = pick(random, 0, 0, 1, 1, 2, 3)
    cut = bottom - int((bottom - top) * min(0.6, below * random.uniform(0.13, 0.22)))
    rows = np.linspace(cut, bottom, below + 1).astype(int)
    return [(left, top, right, cut), *((left, int(a) + 6, right, int(b)) for a, b in pairwise(rows))]


def _main_panel(random: Random, draw: ImageDraw.ImageDraw, box: Box, theme: Theme, prices: history.Prices) -> Panel:
    bars = len(prices.close)
    room = int(bars * random.uniform(0, 0.25))
    panel = Panel(draw, box, theme, bars + room, (float(prices.low.min()), float(prices.high.max())))
    panel.frame(random, grid=chance(random, 0.6))
    if chance(random, 0.45):
        _volume(random, draw, box, theme, prices, room=room)
    if chance(random, 0.15):
        for edge in history.bands(prices.close, 20):
            panel.curve(edge, vivid(random), 1)
    kind = random.choice(
        ["candles", "hollow", "ticks", "line", "area", "columns"], p=[0.42, 0.1, 0.1, 0.22, 0.12, 0.04]
    )
    if kind in {"candles", "hollow"}:
        panel.candles(prices, hollow=kind == "hollow")
    elif kind == "ticks":
        panel.ticks(prices)
    elif kind == "columns":
        panel.columns(prices.close, float(prices.low.min()), [theme.rise, theme.fall])
    else:
        if kind == "area":
            panel.area(prices.close, theme.line)
        panel.curve(prices.close, theme.line, theme.width)
    if chance(random, 0.12):
        panel.cloud(history.moving_average(prices.close, 9), history.moving_average(prices.close, 40), vivid(random))
    for _ in range(int(random.integers(0, 5))):
        panel.curve(history.moving_average(prices.close, int(random.integers(3, 60))), vivid(random), theme.width)
    return panel


def _volume(
    random: Random, draw: ImageDraw.ImageDraw, box: Box, theme: Theme, prices: history.Prices, *, room: int = 0
) -> None:
    left, top, right, bottom = box
    low = bottom - int((bottom - top) * random.uniform(0.15, 0.3))
    panel = Panel(draw, (left, low, right, bottom), theme, len(prices.volume) + room, (0.0, float(prices.volume.max())))
    if chance(random, 0.4):
        panel.columns(prices.volume, 0.0, [theme.line])
    else:
        rising = prices.close >= prices.opening
        panel.columns(prices.volume, 0.0, [theme.rise if up else theme.fall for up in rising])


def _indicator(random: Random, draw: ImageDraw.ImageDraw, box: Box, theme: Theme, prices: history.Prices) -> None:
    kind = random.integers(4)
    bars = len(prices.close)
    if kind == 0:
        draw.rectangle(box, outline=theme.grid)
        _volume(random, draw, box, theme, prices)
    elif kind == 1:
        panel = Panel(draw, box, theme, bars, (0, 100))
        panel.frame(random, grid=chance(random, 0.5))
        panel.curve(history.oscillator(prices.close, 14), vivid(random), theme.width)
        for level in (30, 70):
            draw.line([(box[0], panel.y(level)), (box[2], panel.y(level))], fill=theme.grid)
    elif kind == 2:
        difference, signal = history.convergence(prices.close)
        reach = float(np.abs(difference).max())
        panel = Panel(draw, box, theme, bars, (-reach, reach))
        panel.frame(random, grid=False)
        panel.columns(difference - signal, 0.0, [theme.rise if up else theme.fall for up in difference >= signal])
        panel.curve(difference, vivid(random), theme.width)
        panel.curve(signal, vivid(random), theme.width)
    else:
        series = np.cumsum(random.normal(0, 1, bars))
        panel = Panel(draw, box, theme, bars, (float(series.min()), float(series.max())))
        panel.frame(random, grid=chance(random, 0.5))
        panel.curve(series, vivid(random), theme.width)


def _title(random: Random, draw: ImageDraw.ImageDraw, theme: Theme, prices: history.Prices, width: int) -> None:
    last = prices.close[-1] * 100
    text = pick(
        random,
        f"{ticker(random)}, 1D  O{last:.2f} H{last * 1.01:.2f} L{last * 0.99:.2f} C{last:.2f}",
        f"{ticker(random)} daily chart",
        f"${ticker(random)} {phrase(random, 1, 5).lower()}",
        f"{ticker(random)} Inc. {last:.2f} (+{random.uniform(0, 9):.2f}%)",
    )
    size = int(theme.letters * random.uniform(0.9, 1.8))
    left = 6 if chance(random, 0.7) else max(6, (width - font(size).getlength(text)) / 2)
    draw.text((left, 3), text, theme.ink, font(size))


def _watermark(random: Random, draw: ImageDraw.ImageDraw, theme: Theme, size: tuple[int, int]) -> None:
    width, height = size
    letters = height // int(random.integers(4, 8))
    draw.text((width / 2, height / 2), ticker(random), theme.grid, font(letters), anchor="mm")
