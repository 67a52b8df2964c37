"""One object alone on a plain background: an emoji, a dial, a T-shirt."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from image_classifier.drawing.canvas import Colour, Random, chance, colour, corner, font, phrase, pick, vivid, wrap
from image_classifier.drawing.cartoons import BLACK


def emoji(random: Random, width: int, height: int) -> Image.Image:
    """Draw a round face, as messengers show them, on a plain background."""
    image = Image.new("RGB", (width, height), (255, 255, 255) if chance(random, 0.5) else colour(random))
    draw = ImageDraw.Draw(image)
    x, y, reach = width / 2, height / 2, min(width, height) * random.uniform(0.25, 0.45)
    face: Colour = pick(random, (255, 205, 50), (255, 205, 50), (120, 200, 80), (230, 60, 60), vivid(random))
    draw.ellipse(
        (x - reach, y - reach, x + reach, y + reach), fill=face, outline=BLACK, width=int(random.integers(1, 8))
    )
    for side in (-0.4, 0.4):
        eye = reach * random.uniform(0.1, 0.25)
        draw.ellipse(
            (x + side * reach - eye, y - reach * 0.3 - eye, x + side * reach + eye, y - reach * 0.3 + eye), fill=BLACK
        )
    turn = 0 if chance(random, 0.5) else 180
    mouth = (x - reach * 0.5, y + reach * 0.1, x + reach * 0.5, y + reach * 0.7)
    draw.arc(mouth, turn, turn + 180, fill=BLACK, width=max(3, int(reach / 12)))
    return image


def gauge(random: Random, width: int, height: int) -> Image.Image:
    """Draw a dial with coloured sectors, a needle and words: fear and greed, a speedometer, a thermometer of hype."""
    dark = chance(random, 0.3)
    image = Image.new("RGB", (width, height), colour(random, 0, 50) if dark else (255, 255, 255))
    draw = ImageDraw.Draw(image)
    ink: Colour = (235, 235, 235) if dark else BLACK
    x, y, reach = width / 2, height * random.uniform(0.55, 0.8), min(width, height) * random.uniform(0.3, 0.5)
    sectors = int(random.integers(3, 8))
    ramp = chance(random, 0.6)
    for sector in range(sectors):
        share = sector / (sectors - 1)
        shade = (int(230 - 190 * share), int(50 + 150 * share), 50) if ramp else vivid(random)
        turn = 180 + 180 * sector / sectors
        draw.pieslice((x - reach, y - reach, x + reach, y + reach), turn, turn + 180 / sectors, fill=shade, outline=ink)
    hole = reach * random.uniform(0.4, 0.8)
    draw.ellipse((x - hole, y - hole, x + hole, y + hole), fill=corner(image))
    angle = random.uniform(np.pi, 2 * np.pi)
    tip = (x + reach * 0.85 * np.cos(angle), y + reach * 0.85 * np.sin(angle))
    draw.line([(x, y), tip], fill=ink, width=max(3, int(reach / 20)))
    draw.ellipse((x - 8, y - 8, x + 8, y + 8), fill=ink)
    draw.text((x, height * 0.08), phrase(random, 2, 5), ink, font(height // 14), anchor="mt")
    draw.text((x, y + reach * 0.25), str(random.integers(0, 101)), ink, font(height // 9), anchor="mt")
    return image


def shirt(random: Random, width: int, height: int) -> Image.Image:
    """Draw a T-shirt with a slogan, as shops show it: one cloth shape on a plain background."""
    image = Image.new("RGB", (width, height), (255, 255, 255) if chance(random, 0.7) else colour(random, 180))
    draw = ImageDraw.Draw(image)
    cloth = (20, 20, 20) if chance(random, 0.5) else colour(random)
    shape = [
        (0.38, 0.1),
        (0.62, 0.1),
        (0.92, 0.26),
        (0.84, 0.46),
        (0.73, 0.4),
        (0.73, 0.93),
        (0.27, 0.93),
        (0.27, 0.4),
        (0.16, 0.46),
        (0.08, 0.26),
    ]
    side = min(width, height)
    left, top = (width - side) / 2, (height - side) / 2
    draw.polygon([(left + a * side, top + b * side) for a, b in shape], fill=cloth, outline=BLACK)
    draw.ellipse((left + side * 0.4, top + side * 0.05, left + side * 0.6, top + side * 0.16), fill=(255, 255, 255))
    ink: Colour = (245, 245, 245) if sum(cloth) < 380 else BLACK
    letters = int(side / random.uniform(12, 18))
    words = "\n".join(wrap(phrase(random, 2, 6), int(side * 0.4), letters))
    draw.text((width / 2, top + side * 0.45), words, ink, font(letters), anchor="mm", align="center", stroke_width=1)
    return image
