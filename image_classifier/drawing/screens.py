"""Screenshots and photographs of screens: a phone, a desktop program, a post, a page, a monitor taken at an angle."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from image_classifier.drawing.canvas import Colour, Random, blend, chance, colour, corner, font, phrase, ticker, vivid


def phone(random: Random, picture: Image.Image) -> Image.Image:
    """Put a picture under a phone's status bar, with an app's heading, figures, buttons and tabs around it."""
    width = int(random.integers(330, 480))
    height = int(width * random.uniform(1.6, 2.1))
    paper = corner(picture)
    ink: Colour = (235, 235, 235) if sum(paper) < 380 else (25, 25, 25)
    screen = Image.new("RGB", (width, height), paper)
    draw = ImageDraw.Draw(screen)
    draw.text((12, 5), f"{random.integers(1, 13)}:{random.integers(10, 60)}", ink, font(14))
    draw.rectangle((width - 40, 7, width - 14, 18), outline=ink)
    draw.text((width / 2, 34), ticker(random), ink, font(22), anchor="mt")
    draw.text((18, 70), f"${random.uniform(1, 900):.2f}", ink, font(int(random.integers(20, 46))))
    draw.text((18, 122), f"+{random.uniform(0, 9):.2f} today", vivid(random), font(15))
    room = int(height * random.uniform(0.35, 0.6))
    screen.paste(picture.resize((width, room)), (0, 150))
    _app_rows(random, draw, (width, height), 150 + room, ink=ink, paper=paper)
    return screen


def _app_rows(
    random: Random, draw: ImageDraw.ImageDraw, size: tuple[int, int], top: int, *, ink: Colour, paper: Colour
) -> None:
    width, height = size
    y = top + 12
    for place, span in enumerate(("1D", "1W", "1M", "3M", "1Y", "5Y")):
        draw.text((20 + place * width / 6.3, y), span, ink, font(15))
    y += 36
    while y < height - 110:
        draw.text((18, y), phrase(random, 1, 3).capitalize(), blend(ink, paper, 0.3), font(15))
        draw.text((width - 18, y), f"{random.uniform(1, 999):.2f}", ink, font(15), anchor="ra")
        draw.line([(18, y + 24), (width - 18, y + 24)], fill=blend(paper, ink, 0.15))
        y += 34
    if chance(random, 0.6):
        draw.rounded_rectangle((18, height - 96, width - 18, height - 56), 8, fill=vivid(random))
    for place in range(5):
        x = width * (place + 0.5) / 5
        draw.ellipse((x - 9, height - 36, x + 9, height - 18), outline=blend(ink, paper, 0.4), width=2)


def desktop(random: Random, picture: Image.Image) -> Image.Image:
    """Put a picture inside a program's window with bars of menus, tools and, at times, a list of quotes."""
    side = int(picture.width * random.uniform(0.1, 0.35)) if chance(random, 0.5) else 0
    bar = int(random.integers(18, 50))
    paper = colour(random, 20, 60) if chance(random, 0.5) else colour(random, 210)
    ink: Colour = (220, 220, 220) if sum(paper) < 380 else (40, 40, 40)
    window = Image.new("RGB", (picture.width + side, picture.height + bar), paper)
    window.paste(picture, (0, bar))
    draw = ImageDraw.Draw(window)
    draw.text((8, 3), f"File  Edit  View  {phrase(random, 1, 5).lower()}", ink, font(12))
    for place in range(int(random.integers(0, 16))):
        draw.rectangle((8 + place * 22, bar - 14, 20 + place * 22, bar - 4), outline=blend(ink, paper, 0.5))
    for row in range(bar, window.height, 17) if side else ():
        draw.text((picture.width + 6, row), f"{ticker(random):5} {random.uniform(1, 500):.2f}", vivid(random), font(11))
    return window


def page(random: Random, picture: Image.Image) -> Image.Image:
    """Put a picture into a page with a heading above it and lines of text below it."""
    width, edge = picture.width + 60, 30
    above, below = int(random.integers(40, 110)), int(random.integers(20, 260))
    sheet = Image.new("RGB", (width, picture.height + above + below), (255, 255, 255))
    sheet.paste(picture, (edge, above))
    draw = ImageDraw.Draw(sheet)
    draw.text((edge, 10), phrase(random, 2, 6).capitalize(), vivid(random), font(int(random.integers(16, 30))))
    for row in range(above + picture.height + 8, sheet.height - 16, 17):
        draw.text((edge, row), phrase(random, 6, 12).lower(), (60, 60, 60), font(12))
    return sheet


def monitor(random: Random, picture: Image.Image) -> Image.Image:
    """Photograph a screen by hand: a slight turn, a bright reflection, moire stripes, blur and a dark room around."""
    tilt = random.uniform(-8, 8)
    turned = picture.rotate(tilt, Image.Resampling.BILINEAR, expand=True, fillcolor=colour(random, 10, 60))
    width, height = turned.size
    pixels = np.asarray(turned).astype(np.float64)
    across, down = np.meshgrid(np.arange(width), np.arange(height))
    stripes = 1 + 0.08 * np.sin(across * random.uniform(0.3, 1.5) + down * random.uniform(0.3, 1.5))
    glow = np.exp(-((across / width - random.random()) ** 2 + (down / height - random.random()) ** 2) * 8)
    pixels = pixels * random.uniform(0.7, 1.0) * stripes[..., None] + 70 * random.random() * glow[..., None]
    photo = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
    return photo.filter(ImageFilter.GaussianBlur(random.uniform(0.3, 1.6)))


def viewer(random: Random, picture: Image.Image) -> Image.Image:
    """Show a picture in a phone's app, mostly a dark one, with a status bar, words around it and buttons below."""
    width = int(random.integers(330, 480))
    height = int(width * random.uniform(1.5, 2.2))
    dark = chance(random, 0.75)
    shade = int(random.choice([0, 0, 18, 30])) if dark else int(random.choice([255, 255, 245]))
    paper: Colour = (shade, shade, min(255, shade + 5))
    ink: Colour = (235, 235, 235) if dark else (25, 25, 25)
    screen = Image.new("RGB", (width, height), paper)
    draw = ImageDraw.Draw(screen)
    draw.text((14, 6), f"{random.integers(1, 13)}:{random.integers(10, 60)}", ink, font(14))
    draw.rectangle((width - 40, 8, width - 14, 19), outline=ink)
    tall = int(width * picture.height / picture.width)
    shown = picture.resize((width, tall)) if tall < height * 0.8 else picture.resize((width, int(height * 0.8)))
    top = int(random.uniform(0.06, 0.94) * max(1, height - shown.height))
    screen.paste(shown, (0, top))
    faint = blend(ink, paper, 0.4)
    for y in range(40, max(40, top - 26), 22):
        draw.text((16, y), phrase(random, 2, 7).capitalize(), ink if y < 62 else faint, font(15))
    for y in range(top + shown.height + 10, height - 60, 24):
        if chance(random, 0.6):
            draw.text((16, y), phrase(random, 1, 6).capitalize(), faint, font(14))
    for place in range(5):
        x = width * (place + 0.5) / 5
        draw.ellipse((x - 9, height - 34, x + 9, height - 16), outline=faint, width=2)
    return screen
