"""Cartoon-like pictures: flat colours with outlines, comics, line art, silhouettes, stickers."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from image_classifier.drawing.canvas import (
    Colour,
    Point,
    Random,
    chance,
    colour,
    font,
    gradient,
    phrase,
    pick,
    vivid,
    wrap,
)

BLACK: Colour = (15, 15, 15)


def scribble(random: Random, centre: Point, reach: float, points: int = 9, wobble: float = 0.35) -> list[Point]:
    """Return a closed hand-drawn outline around a centre: a circle whose radius wobbles smoothly."""
    angles = np.linspace(0, 2 * np.pi, 60)
    radius = np.ones_like(angles)
    for harmonic in range(1, points // 2):
        radius += wobble / harmonic * random.normal() * np.sin(harmonic * angles + random.uniform(0, 6))
    stretch = random.uniform(0.6, 1.5)
    xs = centre[0] + reach * radius * np.cos(angles) * stretch
    ys = centre[1] + reach * radius * np.sin(angles) / stretch
    return list(zip(xs.tolist(), ys.tolist(), strict=True))


def stroke(random: Random, draw: ImageDraw.ImageDraw, start: Point, end: Point, *, ink: Colour, width: int) -> None:
    """Draw a slightly bent line, as a hand does."""
    steps = np.linspace(0, 1, 8)
    bend = np.sin(steps * np.pi) * random.normal(0, 0.12) * np.hypot(end[0] - start[0], end[1] - start[1])
    xs = start[0] + steps * (end[0] - start[0]) + bend * 0.6
    ys = start[1] + steps * (end[1] - start[1]) + bend
    draw.line(list(zip(xs.tolist(), ys.tolist(), strict=True)), fill=ink, width=width, joint="curve")


def cartoon(random: Random, width: int, height: int) -> Image.Image:
    """Draw flat shapes and characters with outlines before a plain, striped or graded background."""
    first, second = colour(random, 40), colour(random, 40)
    image = gradient(random, width, height, first, second if chance(random, 0.4) else first)
    if chance(random, 0.3):
        image = Image.new("RGB", (width, height), (255, 255, 255))
    draw = ImageDraw.Draw(image)
    outline = int(random.integers(1, 6))
    if chance(random, 0.6):
        ground = height * random.uniform(0.55, 0.9)
        draw.rectangle((-5, ground, width + 5, height + 5), fill=colour(random, 30), outline=BLACK, width=outline)
    for _ in range(int(random.integers(2, 10))):
        place = (random.uniform(0, width), random.uniform(0, height))
        shape = scribble(random, place, random.uniform(0.03, 0.2) * height)
        draw.polygon(shape, fill=vivid(random), outline=BLACK, width=outline)
    for _ in range(int(random.integers(1, 4))):
        place = (random.uniform(0.2, 0.8) * width, random.uniform(0.3, 0.6) * height)
        character(random, draw, place, size=random.uniform(0.12, 0.25) * height, width=outline, fill=vivid(random))
    return image


def character(
    random: Random, draw: ImageDraw.ImageDraw, at: Point, *, size: float, width: int, fill: Colour | None
) -> None:
    """Draw a figure with a head, a face, a body and limbs; with `fill` None only its lines."""
    x, y = at
    ink = BLACK
    for side in (-1, 1):
        hand = (x + side * size * random.uniform(0.9, 1.8), y + size * random.uniform(0.3, 2.2))
        foot = (x + side * size * random.uniform(0.2, 0.9), y + size * random.uniform(3, 3.8))
        stroke(random, draw, (x + side * size * 0.5, y + size * 1.1), hand, ink=ink, width=width + int(size / 12))
        stroke(random, draw, (x + side * size * 0.2, y + size * 2.2), foot, ink=ink, width=width + int(size / 12))
    body = scribble(random, (x, y + size * 1.7), size * 0.75, wobble=0.12)
    draw.polygon(body, fill=vivid(random) if fill else (255, 255, 255), outline=ink, width=width)
    head = scribble(random, (x, y), size * 0.75, wobble=0.08)
    draw.polygon(head, fill=fill or (255, 255, 255), outline=ink, width=width)
    for offset in (-0.28, 0.28):
        eye = (x + offset * size - size * 0.16, y - size * 0.3, x + offset * size + size * 0.16, y + size * 0.05)
        draw.ellipse(eye, fill=(255, 255, 255), outline=ink, width=width)
        pupil = (x + offset * size, y - size * 0.12)
        draw.ellipse(
            (pupil[0] - size * 0.06, pupil[1] - size * 0.06, pupil[0] + size * 0.06, pupil[1] + size * 0.06), fill=ink
        )
    turn = 0 if chance(random, 0.5) else 180
    draw.arc(
        (x - size * 0.3, y + size * 0.1, x + size * 0.3, y + size * 0.5), turn, turn + 180, fill=ink, width=width + 1
    )


def line_art(random: Random, width: int, height: int) -> Image.Image:
    """Draw ink lines on plain paper: figures, hatching, plants, ropes, slopes, sometimes a word or a grid behind."""
    paper = (255, 255, 255) if chance(random, 0.75) else colour(random, 200)
    image = Image.new("RGB", (width, height), paper)
    draw = ImageDraw.Draw(image)
    ink = BLACK if chance(random, 0.8) else colour(random, 0, 140)
    weight = int(random.integers(1, 6))
    if chance(random, 0.12):
        step = int(random.integers(20, 50))
        for line in range(0, max(width, height), step):
            draw.line([(line, 0), (line, height)], fill=(210, 210, 210))
            draw.line([(0, line), (width, line)], fill=(210, 210, 210))
    for _ in range(int(random.integers(1, 4))):
        place = (random.uniform(0.15, 0.85) * width, random.uniform(0.2, 0.5) * height)
        character(random, draw, place, size=random.uniform(0.08, 0.2) * height, width=weight, fill=None)
    for _ in range(int(random.integers(0, 14))):
        place = (random.uniform(0, width), random.uniform(0, height))
        draw.line(scribble(random, place, random.uniform(0.02, 0.18) * height), fill=ink, width=weight, joint="curve")
    for _ in range(int(random.integers(0, 10))):
        ends = random.uniform(0, 1, 4) * (width, height, width, height)
        stroke(random, draw, (ends[0], ends[1]), (ends[2], ends[3]), ink=ink, width=weight)
    for _ in range(int(random.integers(0, 4))):
        _hatching(random, draw, width, height, ink)
    if chance(random, 0.3):
        draw.text((width * random.uniform(0.05, 0.5), height * 0.85), phrase(random, 1, 4), ink, font(height // 12))
    return image


def _hatching(random: Random, draw: ImageDraw.ImageDraw, width: int, height: int, ink: Colour) -> None:
    x, y, reach = random.uniform(0, width), random.uniform(0, height), random.uniform(0.05, 0.2) * height
    for step in np.arange(0, reach, random.uniform(4, 9)):
        draw.line([(x + step, y), (x + step - reach * 0.5, y + reach * random.uniform(0.6, 1))], fill=ink)


def silhouette(random: Random, width: int, height: int) -> Image.Image:
    """Draw one to three dark shapes alone on a plain or graded background: very little ink on much paper."""
    paper = (255, 255, 255) if chance(random, 0.6) else colour(random, 120)
    image = (
        gradient(random, width, height, paper, colour(random, 100))
        if chance(random, 0.3)
        else Image.new("RGB", (width, height), paper)
    )
    draw = ImageDraw.Draw(image)
    ink = BLACK if chance(random, 0.7) else colour(random, 0, 120)
    for _ in range(int(random.integers(1, 4))):
        x, y, size = (
            random.uniform(0.2, 0.8) * width,
            random.uniform(0.25, 0.6) * height,
            random.uniform(0.04, 0.14) * height,
        )
        draw.ellipse((x - size / 2, y - size, x + size / 2, y), fill=ink)
        for _limb in range(4):
            end = (x + random.uniform(-2, 2) * size, y + random.uniform(1, 3.5) * size)
            stroke(random, draw, (x, y + size * random.uniform(0, 1.2)), end, ink=ink, width=max(2, int(size * 0.4)))
        draw.polygon(scribble(random, (x, y + size * 0.8), size * 0.7, wobble=0.2), fill=ink)
    return image


def sticker(random: Random, width: int, height: int) -> Image.Image:
    """Draw one coloured thing alone on a plain background: a creature, a bottle, a wheel, a heap, a hand."""
    plain = chance(random, 0.6)
    image = Image.new("RGB", (width, height), (255, 255, 255) if plain else colour(random, 0, pick(random, 60, 256)))
    draw = ImageDraw.Draw(image)
    x, y = width * random.uniform(0.35, 0.65), height * random.uniform(0.35, 0.65)
    reach, ink = min(width, height) * random.uniform(0.08, 0.35), BLACK if chance(random, 0.7) else vivid(random)
    weight = int(random.integers(1, 6))
    for _ in range(int(random.integers(2, 9))):
        place = (x + random.normal(0, 0.5) * reach, y + random.normal(0, 0.5) * reach)
        shape = scribble(random, place, reach * random.uniform(0.15, 0.7), wobble=random.uniform(0, 0.4))
        draw.polygon(shape, fill=vivid(random) if chance(random, 0.8) else None, outline=ink, width=weight)
    for _ in range(int(random.integers(0, 4))):
        wheel = reach * random.uniform(0.2, 0.6)
        place = (x + random.normal(0, 0.6) * reach, y + reach * 0.5)
        draw.ellipse(
            (place[0] - wheel, place[1] - wheel, place[0] + wheel, place[1] + wheel), outline=ink, width=weight
        )
        stroke(random, draw, place, (x, y - reach * 0.5), ink=ink, width=weight)
    if chance(random, 0.3):
        words, letters = phrase(random, 1, 4).lower(), height // int(random.integers(8, 14))
        shade = vivid(random) if chance(random, 0.5) else (130, 130, 130)
        draw.text((width / 2, height * random.uniform(0.75, 0.9)), words, shade, font(letters), anchor="mm")
    return image


def comic(random: Random, width: int, height: int) -> Image.Image:
    """Draw one to four framed panels with characters, speech balloons and captions."""
    image = Image.new("RGB", (width, height), (255, 255, 255))
    rows, columns = int(random.integers(1, 3)), int(random.integers(1, 4))
    tinted, plain = chance(random, 0.5), chance(random, 0.4)
    for row in range(rows):
        for column in range(columns):
            room = (width // columns - 12, height // rows - 12)
            scene = _comic_scene(random, room, None if plain else vivid(random), tinted)
            image.paste(scene, (6 + column * width // columns, 6 + row * height // rows))
    return image


def _comic_scene(random: Random, size: tuple[int, int], fill: Colour | None, tinted: bool) -> Image.Image:
    width, height = size
    scene = Image.new("RGB", size, colour(random, 170) if tinted else (255, 255, 255))
    draw = ImageDraw.Draw(scene)
    for _ in range(int(random.integers(1, 3))):
        place = (random.uniform(0.2, 0.8) * width, random.uniform(0.45, 0.6) * height)
        character(
            random, draw, place, size=random.uniform(0.1, 0.18) * height, width=int(random.integers(1, 4)), fill=fill
        )
    text, letters = phrase(random, 2, 6), max(8, int(min(width, height) / random.uniform(10, 16)))
    lines = wrap(text, int(width * 0.5), letters)
    left, top = width * random.uniform(0.05, 0.4), height * 0.04
    below = top + letters * 1.2 * len(lines) + letters
    draw.ellipse((left - letters, top, left + width * 0.55, below), fill=(255, 255, 255), outline=BLACK, width=2)
    draw.polygon(
        [(left + 20, below - 5), (left + 40, below - 5), (left + 25, below + 20)], fill=(255, 255, 255), outline=BLACK
    )
    draw.text(
        (left + width * 0.24, (top + below) / 2), "\n".join(lines), BLACK, font(letters), anchor="mm", align="center"
    )
    draw.rectangle((0, 0, width - 1, height - 1), outline=BLACK, width=int(random.integers(1, 5)))
    return scene
