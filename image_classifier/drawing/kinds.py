"""The three kinds of pictures: charts and memes as they are posted, and pictures that are neither."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from image_classifier.drawing import cartoons, objects, pages, screens, strangers
from image_classifier.drawing.canvas import Colour, Random, chance, colour, field, font, gradient, phrase, wrap
from image_classifier.drawing.charts import price_chart, wall
from image_classifier.drawing.figures import report_figure
from image_classifier.drawing.photos import photograph

Size = tuple[int, int]
Scene = Callable[[Random, int, int], Image.Image]


def chart(random: Random) -> Image.Image:
    """Draw a chart as it is posted: alone, on a phone, in a program, in a post, in a page or photographed."""
    width, height = _wide(random)
    plot = report_figure if chance(random, 0.25) else price_chart
    way = random.choice(
        ["alone", "phone", "desktop", "post", "page", "monitor", "wall"], p=[0.37, 0.14, 0.11, 0.16, 0.08, 0.08, 0.06]
    )
    if way == "wall":
        return wall(random, width, height)
    if way == "phone":
        return screens.phone(random, price_chart(random, 420, int(random.integers(300, 460))))
    picture = plot(random, width, height)
    if chance(random, 0.08):
        picture = _with_insets(random, picture)
    if way == "post":
        return pages.post(random, int(random.integers(380, 620)), int(random.integers(420, 800)), picture)
    frames = {"desktop": screens.desktop, "page": screens.page, "monitor": screens.monitor}
    return frames[way](random, picture) if way in frames else picture


def _dark_quote(random: Random, width: int, height: int) -> Image.Image:
    """Draw a saying in light letters beside a person in the dark."""
    photo = np.asarray(photograph(random, width, height)).astype(np.float32)
    across = np.linspace(0, 1, width)[None, :, None]
    share = np.clip((across - 0.3) * 2, 0, 1) if chance(random, 0.5) else np.clip((0.7 - across) * 2, 0, 1)
    image = Image.fromarray((photo * share * random.uniform(0.25, 0.9)).astype(np.uint8))
    letters = int(height / random.uniform(10, 20))
    lines = "\n".join(wrap(phrase(random, 4, 14).capitalize(), int(width * 0.5), letters))
    left = width * (0.06 if share[0, 0, 0] < share[0, -1, 0] else 0.5)
    ImageDraw.Draw(image).text((left, height / 2), lines, (240, 240, 240), font(letters), anchor="lm")
    return image


_MEMES: dict[Scene, float] = {
    photograph: 0.3,
    _dark_quote: 0.05,
    cartoons.sticker: 0.07,
    cartoons.cartoon: 0.16,
    cartoons.line_art: 0.13,
    cartoons.comic: 0.08,
    cartoons.silhouette: 0.05,
    objects.emoji: 0.04,
    objects.gauge: 0.04,
    objects.shirt: 0.03,
    pages.quote: 0.07,
    pages.post: 0.03,
    pages.table: 0.02,
}


def meme(random: Random) -> Image.Image:
    """Draw a meme: a photo-like picture, a cartoon, line art, a comic, a dial, a shirt, words; often captioned."""
    width, height = _any_size(random)
    scenes = list(_MEMES)
    scene = scenes[int(random.choice(len(scenes), p=np.array(list(_MEMES.values())) / sum(_MEMES.values())))]
    image = scene(random, width, height)
    if scene in {photograph, cartoons.cartoon, cartoons.line_art} and chance(random, 0.65):
        image = _captioned(random, image)
    way = random.random()
    if way < 0.07:
        return pages.post(random, int(random.integers(380, 620)), int(random.integers(420, 800)), image)
    if way < 0.11:
        return _pair(random, image, scene)
    if way < 0.15:
        return _barred(random, image)
    return image


def neither(random: Random) -> Image.Image:
    """Draw what is neither chart nor meme: a blank page, noise, a pattern, a code, a receipt, a sign, a map, a form."""
    width, height = _any_size(random)
    scenes: tuple[Scene, ...] = (
        _blank,
        _noise,
        _pattern,
        _code,
        _plain_gradient,
        _receipt_photo,
        _receipt_photo,
        pages.note,
        strangers.sign,
        strangers.sign,
        strangers.street_map,
        strangers.form,
        strangers.conversation,
        strangers.board,
    )
    return scenes[int(random.integers(len(scenes)))](random, width, height)


KINDS: dict[str, Callable[[Random], Image.Image]] = {"chart": chart, "meme": meme, "neither": neither}


def _with_insets(random: Random, picture: Image.Image) -> Image.Image:
    """Paste one to three small photographs or drawings on a chart, as commentators do."""
    for _ in range(int(random.integers(1, 4))):
        small = (photograph, cartoons.sticker)[int(random.integers(2))](random, 240, 180)
        small.thumbnail((int(picture.width * random.uniform(0.08, 0.25)), picture.height // 3))
        place = random.uniform(0, 0.75, 2) * picture.size
        picture.paste(small, (int(place[0]), int(place[1])))
    return picture


def _wide(random: Random) -> Size:
    width = int(random.integers(420, 960))
    return width, int(width * random.uniform(0.38, 0.85))


def _any_size(random: Random) -> Size:
    width = int(random.integers(320, 720))
    return width, int(width * random.choice([0.56, 0.67, 0.75, 1.0, 1.0, 1.25, 1.6]))


def _captioned(random: Random, image: Image.Image) -> Image.Image:
    """Write bold outlined words at the top, the bottom or both, or in a bar above the picture."""
    width, height = image.size
    letters = int(height / random.uniform(7, 16))
    if chance(random, 0.2):
        framed = Image.new("RGB", (width, height + letters * 3), (255, 255, 255))
        framed.paste(image, (0, letters * 3))
        lines = wrap(phrase(random, 3, 9).capitalize(), width - 20, letters)[:2]
        ImageDraw.Draw(framed).text((10, letters // 3), "\n".join(lines), (10, 10, 10), font(letters))
        return framed
    draw = ImageDraw.Draw(image)
    ink: Colour = (255, 255, 255) if chance(random, 0.8) else colour(random, 100)
    outline = max(2, letters // 9)
    for anchor, y in (("ma", 4), ("md", height - 6)):
        if chance(random, 0.75):
            text = "\n".join(wrap(phrase(random), int(width * 0.95), letters)[:2])
            place = (width / 2, y)
            draw.multiline_text(
                place,
                text,
                ink,
                font(letters),
                anchor=anchor,
                align="center",
                stroke_width=outline,
                stroke_fill=(0, 0, 0),
            )
    return image


def _pair(random: Random, image: Image.Image, scene: Scene) -> Image.Image:
    """Stack two pictures, or put them side by side, as comparison memes do."""
    second = scene(random, *image.size)
    width, height = image.size
    beside = chance(random, 0.5)
    both = Image.new("RGB", (2 * width, height) if beside else (width, 2 * height))
    both.paste(image, (0, 0))
    both.paste(second, (width, 0) if beside else (0, height))
    return both


def _barred(random: Random, image: Image.Image) -> Image.Image:
    """Leave the picture between two bars, as a phone's full-screen viewer does."""
    width, height = image.size
    tall = Image.new(
        "RGB", (width, int(width * random.uniform(1.6, 2.0))), (0, 0, 0) if chance(random, 0.7) else (255, 255, 255)
    )
    tall.paste(image, (0, max(0, (tall.height - height) // 2)))
    return tall


def _blank(random: Random, width: int, height: int) -> Image.Image:
    shade = colour(random) if chance(random, 0.4) else (int(random.choice([0, 128, 245, 255])),) * 3
    pixels = np.full((height, width, 3), shade, np.float32) + random.normal(0, random.uniform(0, 4), (height, width, 1))
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def _noise(random: Random, width: int, height: int) -> Image.Image:
    grain = int(random.choice([1, 1, 2, 4, 8, 16, 32, 64]))
    channels = 3 if chance(random, 0.7) else 1
    pixels = random.integers(0, 256, (height // grain + 1, width // grain + 1, channels)).astype(np.uint8)
    image = Image.fromarray(pixels.repeat(3 // channels, axis=2)).resize((width, height), Image.Resampling.NEAREST)
    return image.filter(ImageFilter.GaussianBlur(random.uniform(0, 2))) if chance(random, 0.4) else image


def _pattern(random: Random, width: int, height: int) -> Image.Image:
    image = Image.new("RGB", (width, height), colour(random))
    draw = ImageDraw.Draw(image)
    step, shade, kind = int(random.integers(6, 60)), colour(random), random.integers(3)
    for x in range(0, width, step):
        for y in range(0, height, step):
            if kind == 0 and (x // step + y // step) % 2:
                draw.rectangle((x, y, x + step - 1, y + step - 1), fill=shade)
            elif kind == 1:
                draw.ellipse((x, y, x + step // 2, y + step // 2), fill=shade)
            elif kind == 2 and y == 0:
                draw.rectangle((x, 0, x + step // 2, height), fill=shade)
    return image


def _code(random: Random, width: int, height: int) -> Image.Image:
    """Draw the squares of a two-dimensional bar code on white."""
    image = Image.new("RGB", (width, height), (255, 255, 255))
    cells = int(random.integers(21, 45))
    squares = Image.fromarray((random.integers(0, 2, (cells, cells)) * 255).astype(np.uint8))
    side = int(min(width, height) * random.uniform(0.5, 0.9))
    image.paste(squares.resize((side, side), Image.Resampling.NEAREST), ((width - side) // 2, (height - side) // 2))
    return image


def _plain_gradient(random: Random, width: int, height: int) -> Image.Image:
    if chance(random, 0.5):
        return gradient(random, width, height, colour(random), colour(random))
    share = field(random, width, height, 0.3, 3)[..., None]
    return Image.fromarray((share * colour(random) + (1 - share) * colour(random)).astype(np.uint8))


def _receipt_photo(random: Random, width: int, height: int) -> Image.Image:
    """Lay a receipt on a table, turned a little, under uneven light."""
    table = gradient(random, width, height, colour(random, 30, 200), colour(random, 30, 160))
    slip = pages.receipt(
        random, max(60, int(width * random.uniform(0.3, 0.6))), max(120, int(height * random.uniform(0.6, 1.0)))
    )
    mask = Image.new("L", slip.size, 255)
    angle = random.uniform(-25, 25)
    slip, mask = (part.rotate(angle, Image.Resampling.BILINEAR, expand=True) for part in (slip, mask))
    table.paste(slip, ((width - slip.width) // 2, (height - slip.height) // 2), mask)
    light = 0.6 + 0.5 * field(random, width, height, 0.4, 2)[..., None]
    photo = np.asarray(table) * light + random.normal(0, random.uniform(0, 8), (height, width, 1))
    return Image.fromarray(photo.clip(0, 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(random.uniform(0, 1.5)))
