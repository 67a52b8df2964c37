"""Pictures made of text: quotes, posts, notices, tables, notes, receipts."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from image_classifier.drawing.canvas import (
    Colour,
    Random,
    blend,
    chance,
    colour,
    font,
    gradient,
    paragraph,
    phrase,
    pick,
    ticker,
    vivid,
    wrap,
)


def quote(random: Random, width: int, height: int) -> Image.Image:
    """Draw a saying in large letters on a plain or graded background, sometimes with a frame."""
    plain, dark = chance(random, 0.5), chance(random, 0.5)
    paper = colour(random, 0, 90) if dark else colour(random, 170)
    if chance(random, 0.3):
        paper = (0, 0, 0) if dark else (255, 255, 255)
    image = (
        Image.new("RGB", (width, height), paper) if plain else gradient(random, width, height, paper, colour(random))
    )
    draw = ImageDraw.Draw(image)
    ink: Colour = (250, 250, 250) if dark else (20, 20, 20)
    if chance(random, 0.25):
        ink = vivid(random)
    letters = int(height / random.uniform(7, 18))
    lines = wrap(phrase(random, 3, 16), int(width * 0.85), letters)
    text = "\n".join(lines) if chance(random, 0.6) else "\n".join(lines).capitalize()
    draw.text(
        (width / 2, height / 2),
        text,
        ink,
        font(letters),
        anchor="mm",
        align="center",
        stroke_width=int(random.integers(0, 3)),
    )
    if chance(random, 0.2):
        draw.rectangle((8, 8, width - 8, height - 8), outline=ink, width=int(random.integers(2, 8)))
    return image


def post(random: Random, width: int, height: int, picture: Image.Image | None = None) -> Image.Image:
    """Draw a post of a social network: a round portrait, a name, text, an optional picture, a row of small signs."""
    dark = chance(random, 0.4)
    paper: Colour = (21, 32, 43) if dark else (255, 255, 255)
    ink: Colour = (235, 238, 240) if dark else (15, 20, 25)
    faint = blend(ink, paper, 0.5)
    image = Image.new("RGB", (width, height), paper)
    draw = ImageDraw.Draw(image)
    letters = int(np.clip(width / random.uniform(20, 32), 9, 30))
    edge = int(width * 0.04)
    draw.ellipse((edge, edge, edge + letters * 3, edge + letters * 3), fill=colour(random))
    draw.text((edge + letters * 3.6, edge), f"{phrase(random, 1, 3).title()}", ink, font(letters), stroke_width=1)
    draw.text(
        (edge + letters * 3.6, edge + letters * 1.4),
        f"@{ticker(random).lower()}{random.integers(99)}",
        faint,
        font(letters),
    )
    text = f"${ticker(random)} {phrase(random, 3, 14 if picture else 30).lower()}"
    below = paragraph(
        draw, (edge, edge + letters * 3.8), text, width=width - 2 * edge, size=int(letters * 1.15), fill=ink
    )
    if picture is not None:
        wide = width - 2 * edge
        shown = picture.resize((wide, max(40, wide * picture.height // picture.width)), Image.Resampling.BILINEAR)
        mask = Image.new("L", shown.size)
        ImageDraw.Draw(mask).rounded_rectangle((0, 0, wide, shown.height), letters * pick(random, 0, 1), fill=255)
        image.paste(shown, (edge, int(below + letters / 2)), mask)
        below += shown.height + letters
    row = min(below + letters, height - letters * 2)
    if chance(random, 0.4):
        counts = f"{random.integers(1, 900)} Retweets   {random.integers(1, 900)} Likes"
        draw.text(
            (edge, row), f"{random.integers(1, 13)}:{random.integers(10, 60)} PM - {counts}", faint, font(letters)
        )
    else:
        for place in range(4):
            x = edge + place * width * 0.22
            draw.arc((x, row, x + letters, row + letters), 0, 300, fill=faint, width=2)
            draw.text((x + letters * 1.3, row), str(random.integers(1, 900)), faint, font(int(letters * 0.8)))
    return image.crop((0, 0, width, int(min(height, row + letters * 2)))) if chance(random, 0.6) else image


def table(random: Random, width: int, height: int) -> Image.Image:
    """Draw rows and columns of words and figures, as watch lists, calendars and spreadsheets have them."""
    dark = chance(random, 0.3)
    paper: Colour = (25, 28, 35) if dark else (255, 255, 255)
    ink: Colour = (225, 225, 225) if dark else (30, 30, 30)
    image = Image.new("RGB", (width, height), paper)
    draw = ImageDraw.Draw(image)
    rows, columns = int(random.integers(6, 24)), int(random.integers(2, 8))
    tall, wide = height / rows, width / columns
    letters = int(np.clip(tall * 0.55, 7, 20))
    head, lines = vivid(random), chance(random, 0.6)
    for row in range(rows):
        y = row * tall
        if row == 0 or (row % 2 == 0 and not lines):
            draw.rectangle((0, y, width, y + tall), fill=head if row == 0 else blend(paper, ink, 0.08))
        for column in range(columns):
            text = ticker(random) if column == 0 or row == 0 else f"{random.normal(0, 20):+.2f}"
            shade = ink if column == 0 or chance(random, 0.6) else vivid(random)
            draw.text((column * wide + 5, y + tall * 0.2), text, shade, font(letters))
        if lines:
            draw.line([(0, y), (width, y)], fill=blend(paper, ink, 0.3))
    return image


def note(random: Random, width: int, height: int) -> Image.Image:
    """Draw paragraphs of running text with a heading: an article, a letter, a page of a report."""
    paper: Colour = (255, 255, 255) if chance(random, 0.8) else colour(random, 220)
    image = Image.new("RGB", (width, height), paper)
    draw = ImageDraw.Draw(image)
    letters = int(np.clip(width / random.uniform(28, 60), 7, 22))
    edge = int(width * random.uniform(0.04, 0.1))
    room, ink = width - 2 * edge, (30, 30, 30)
    y = paragraph(draw, (edge, edge), phrase(random, 3, 9).capitalize(), width=room, size=letters * 2, fill=ink, bold=1)
    while y < height - letters * random.uniform(3, 12):
        text = phrase(random, 20, 70).lower().capitalize() + "."
        y = paragraph(draw, (edge, y + letters), text, width=room, size=letters, fill=ink)
    return image


def receipt(random: Random, width: int, height: int) -> Image.Image:
    """Draw a till receipt: a narrow column of items with prices, a total and bars of a code."""
    paper = (int(random.integers(225, 256)),) * 3
    image = Image.new("RGB", (width, height), paper)
    draw = ImageDraw.Draw(image)
    ink: Colour = (60, 60, 65)
    letters = int(np.clip(width / random.uniform(14, 22), 7, 26))
    draw.text((width / 2, letters), f"{ticker(random)} STORE", ink, font(int(letters * 1.5)), anchor="mt")
    y = letters * 4.0
    while y < height - letters * 9:
        draw.text((letters, y), phrase(random, 1, 3)[:16], ink, font(letters))
        draw.text((width - letters, y), f"{random.uniform(0.5, 80):.2f}", ink, font(letters), anchor="ra")
        y += letters * 1.4
    draw.line([(letters, y), (width - letters, y)], fill=ink)
    draw.text((letters, y + letters), f"TOTAL  {random.uniform(10, 300):.2f}", ink, font(int(letters * 1.4)))
    x = letters * 2.0
    while x < width - letters * 2:
        bar = random.uniform(1, letters / 3)
        draw.rectangle((x, y + letters * 4, x + bar, y + letters * 6.5), fill=ink)
        x += bar * random.uniform(1.6, 3)
    return image
