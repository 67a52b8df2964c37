"""Pictures that nobody posts as a chart or a meme: signs, street maps, forms, conversations, boards of games."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from image_classifier.drawing.canvas import (
    Colour,
    Point,
    Random,
    blend,
    chance,
    colour,
    font,
    phrase,
    pick,
    vivid,
    wrap,
)


def sign(random: Random, width: int, height: int) -> Image.Image:
    """Draw a logo, an icon or a flag: a few flat shapes about the middle of a plain ground, perhaps a name."""
    paper: Colour = (255, 255, 255) if chance(random, 0.5) else colour(random)
    image = Image.new("RGB", (width, height), paper)
    draw = ImageDraw.Draw(image)
    if chance(random, 0.2):
        _stripes(random, draw, width, height)
    reach = min(width, height) * random.uniform(0.15, 0.45)
    ink = vivid(random)
    for _ in range(int(random.integers(1, 5))):
        x, y = (edge / 2 + random.normal(0, reach / 3) for edge in (width, height))
        sides, turn = int(random.integers(3, 9)), random.uniform(0, 360)
        shape = int(random.integers(4))
        box = (x - reach, y - reach, x + reach, y + reach)
        if shape == 0:
            draw.ellipse(box, fill=ink)
        elif shape == 1:
            draw.rounded_rectangle(box, reach * random.uniform(0, 0.6), fill=ink)
        elif shape == 2:
            draw.regular_polygon((x, y, reach), sides, turn, fill=ink)
        else:
            draw.arc(box, turn, turn + random.uniform(90, 300), fill=ink, width=int(max(3, reach / 4)))
        reach, ink = reach * random.uniform(0.4, 0.9), pick(random, paper, vivid(random), (0, 0, 0))
    if chance(random, 0.3):
        letters = int(height / random.uniform(6, 12))
        draw.text((width / 2, height - letters), phrase(random, 1, 2), vivid(random), font(letters), anchor="mm")
    return image


def _stripes(random: Random, draw: ImageDraw.ImageDraw, width: int, height: int) -> None:
    count, down = int(random.integers(2, 6)), chance(random, 0.5)
    for number in range(count):
        first, last = number / count, (number + 1) / count
        box = (0, height * first, width, height * last) if down else (width * first, 0, width * last, height)
        draw.rectangle(box, fill=vivid(random))


def street_map(random: Random, width: int, height: int) -> Image.Image:
    """Draw roads over parks and water, with names."""
    image = Image.new("RGB", (width, height), pick(random, (242, 239, 233), (235, 235, 230), (30, 35, 45)))
    draw = ImageDraw.Draw(image)
    for _ in range(int(random.integers(1, 8))):
        draw.polygon(_blob(random, width, height), fill=pick(random, (200, 230, 176), (170, 211, 223), colour(random)))
    for _ in range(int(random.integers(8, 45))):
        road = _bend(random, width, height)
        wide = int(random.choice([2, 3, 4, 7, 11]))
        draw.line(road, fill=(150, 150, 150), width=wide + 2, joint="curve")
        draw.line(road, fill=pick(random, (255, 255, 255), (252, 214, 164), (232, 146, 162)), width=wide, joint="curve")
    for _ in range(int(random.integers(3, 20))):
        place = (random.uniform(0, width), random.uniform(0, height))
        draw.text(place, phrase(random, 1, 3).title(), (70, 70, 70), font(int(random.integers(9, 18))))
    return image


def _blob(random: Random, width: int, height: int) -> list[Point]:
    x, y, reach = random.uniform(0, width), random.uniform(0, height), random.uniform(0.05, 0.35) * width
    return [(x + reach * random.uniform(-1, 1), y + reach * random.uniform(-1, 1)) for _ in range(6)]


def _bend(random: Random, width: int, height: int) -> list[Point]:
    ends = random.uniform(-0.2, 1.2, (3, 2)) * (width, height)
    steps = np.linspace(0, 1, 16)[:, None]
    curve = (1 - steps) ** 2 * ends[0] + 2 * steps * (1 - steps) * ends[1] + steps**2 * ends[2]
    return [(float(x), float(y)) for x, y in curve]


def form(random: Random, width: int, height: int) -> Image.Image:
    """Draw a form to fill in: labels, fields, a button."""
    image = Image.new("RGB", (width, height), colour(random, 225))
    draw = ImageDraw.Draw(image)
    left, right = width * random.uniform(0.05, 0.3), width * random.uniform(0.7, 0.95)
    letters = int(random.integers(11, 20))
    draw.text((left, height * 0.06), phrase(random, 1, 4).capitalize(), (30, 30, 30), font(letters * 2))
    y = height * 0.06 + letters * 4.0
    while y < height * random.uniform(0.6, 0.9):
        draw.text((left, y), phrase(random, 1, 3).capitalize(), (80, 80, 80), font(letters))
        draw.rounded_rectangle(
            (left, y + letters * 1.4, right, y + letters * 3.4), 4, fill=(255, 255, 255), outline=(170, 170, 170)
        )
        y += letters * random.uniform(4.2, 5.5)
    draw.rounded_rectangle((left, y, right, y + letters * 2.2), 6, fill=vivid(random))
    draw.text(
        ((left + right) / 2, y + letters * 1.1), phrase(random, 1, 2), (255, 255, 255), font(letters), anchor="mm"
    )
    return image


def conversation(random: Random, width: int, height: int) -> Image.Image:
    """Draw messages in bubbles, left and right."""
    dark = chance(random, 0.4)
    paper: Colour = (17, 17, 20) if dark else (255, 255, 255)
    image = Image.new("RGB", (width, height), paper)
    draw = ImageDraw.Draw(image)
    letters, mine = int(random.integers(11, 18)), vivid(random)
    y = 10.0
    while y < height:
        lines = wrap(phrase(random, 1, 16).lower(), int(width * 0.6), letters)
        wide = max(font(letters).getlength(line) for line in lines) + 20
        own = chance(random, 0.5)
        x = width - wide - 10 if own else 10.0
        tall = len(lines) * letters * 1.3 + 14
        draw.rounded_rectangle((x, y, x + wide, y + tall), 12, fill=mine if own else blend(paper, (128, 128, 128), 0.3))
        ink: Colour = (255, 255, 255) if own or dark else (20, 20, 20)
        draw.text((x + 10, y + 6), "\n".join(lines), ink, font(letters))
        y += tall + random.uniform(6, 22)
    return image


def board(random: Random, width: int, height: int) -> Image.Image:
    """Draw a board of squares with men or figures on some of them."""
    image = Image.new("RGB", (width, height), colour(random, 200))
    draw = ImageDraw.Draw(image)
    cells = int(random.integers(3, 12))
    step = min(width, height) / cells
    first, second, ink = colour(random, 160), colour(random, 60, 200), colour(random, 0, 100)
    for row in range(cells):
        for column in range(cells):
            x, y = column * step, row * step
            draw.rectangle((x, y, x + step, y + step), first if (row + column) % 2 else second, outline=ink)
            if chance(random, 0.3):
                draw.text(
                    (x + step / 2, y + step / 2), str(random.integers(1, 10)), ink, font(int(step * 0.6)), anchor="mm"
                )
    return image
