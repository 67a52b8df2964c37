"""Photo-like pictures: light, texture, blurred backgrounds, and rounded subjects with heads, bodies and shadows."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from image_classifier.drawing.canvas import Colour, Random, blend, chance, colour, field, gradient, pick


def photograph(random: Random, width: int, height: int) -> Image.Image:
    """Draw one photo-like picture of the given size in pixels: a scene, up to three subjects, grain and vignette."""
    scenes = (_blurred_scene, _landscape, _room, _texture)
    image = scenes[int(random.integers(len(scenes)))](random, width, height)
    for _ in range(int(random.integers(0, 4))):
        subject = (_portrait, _animal, _object)[int(random.integers(3))]
        image = subject(random, image)
    return _develop(random, image)


def _blurred_scene(random: Random, width: int, height: int) -> Image.Image:
    image = gradient(random, width, height, colour(random, 10, 160), colour(random, 60, 240))
    draw = ImageDraw.Draw(image)
    for _ in range(int(random.integers(5, 40))):
        x, y, reach = random.uniform(0, width), random.uniform(0, height), random.uniform(0.03, 0.25) * width
        draw.ellipse((x - reach, y - reach, x + reach, y + reach), fill=colour(random))
    return image.filter(ImageFilter.GaussianBlur(width * random.uniform(0.02, 0.06)))


def _landscape(random: Random, width: int, height: int) -> Image.Image:
    image = gradient(random, width, height, colour(random, 90, 250), colour(random, 140, 255))
    rows = np.arange(height)[:, None]
    pixels = np.asarray(image).astype(np.float32)
    for layer in range(int(random.integers(1, 4))):
        skyline = height * (0.45 + 0.15 * layer - 0.3 * field(random, width, 2, 0.6)[0])
        shade = np.array(colour(random, 10, 150)) * (0.6 + 0.7 * field(random, width, height, 0.8))[..., None]
        pixels = np.where((rows > skyline[None, :])[..., None], shade, pixels)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def _room(random: Random, width: int, height: int) -> Image.Image:
    wall, floor = colour(random, 40, 220), colour(random, 20, 160)
    image = gradient(random, width, height, wall, blend(wall, (0, 0, 0), random.uniform(0.1, 0.6)))
    draw = ImageDraw.Draw(image)
    edge = height * random.uniform(0.55, 0.85)
    draw.rectangle((0, edge, width, height), fill=floor)
    for _ in range(int(random.integers(1, 8))):
        x, y = random.uniform(-0.1, 0.9) * width, random.uniform(-0.1, 0.7) * height
        right, bottom = x + width * random.uniform(0.05, 0.4), y + height * random.uniform(0.1, 0.5)
        draw.rectangle((x, y, right, bottom), fill=blend(colour(random), wall, 0.4))
    return image.filter(ImageFilter.GaussianBlur(width * random.uniform(0.002, 0.015)))


def _texture(random: Random, width: int, height: int) -> Image.Image:
    first, second = np.array(colour(random, 0, 160)), np.array(colour(random, 60, 256))
    share = field(random, width, height, random.uniform(0.5, 0.95), 7)[..., None]
    return Image.fromarray((first * (1 - share) + second * share).astype(np.uint8))


def _lit(random: Random, image: Image.Image, mask: Image.Image, shade: Colour) -> Image.Image:
    """Fill a mask with a shade that is lit from one side and mottled, so that the shape looks round."""
    width, height = image.size
    light = (
        field(random, width, height, 0.6, 6) * 0.6
        + np.linspace(random.uniform(0.3, 1.0), random.uniform(0.3, 1.0), width)[None, :]
    )
    fill = Image.fromarray((np.array(shade) * light[..., None]).clip(0, 255).astype(np.uint8))
    return Image.composite(fill, image, mask.filter(ImageFilter.GaussianBlur(width * 0.003)))


def _ellipses(image: Image.Image, *boxes: tuple[float, float, float, float]) -> Image.Image:
    mask = Image.new("L", image.size)
    draw = ImageDraw.Draw(mask)
    for box in boxes:
        draw.ellipse(box, fill=255)
    return mask


def _portrait(random: Random, image: Image.Image) -> Image.Image:
    width, height = image.size
    x, head = width * random.uniform(0.2, 0.8), height * random.uniform(0.12, 0.3)
    y = height * random.uniform(0.3, 0.5)
    skin = blend((250, 215, 185), (80, 50, 35), random.random())
    shoulders = (x - head * 1.9, y + head * 0.9, x + head * 1.9, y + head * 5)
    image = _lit(random, image, _ellipses(image, shoulders), colour(random, 10, 220))
    hair = (x - head * 0.95, y - head * 1.3, x + head * 0.95, y + head * 0.6)
    image = _lit(random, image, _ellipses(image, hair), colour(random, 0, 120))
    face = (x - head * 0.75, y - head, x + head * 0.75, y + head)
    image = _lit(random, image, _ellipses(image, face), skin)
    draw = ImageDraw.Draw(image)
    for side in (-0.32, 0.32):
        eye_x, eye_y, reach = x + side * head, y - head * 0.15, head * 0.13
        draw.ellipse((eye_x - reach, eye_y - reach * 0.6, eye_x + reach, eye_y + reach * 0.6), fill=(235, 235, 230))
        draw.ellipse((eye_x - reach / 2, eye_y - reach / 2, eye_x + reach / 2, eye_y + reach / 2), fill=(40, 30, 30))
    mouth = (x - head * 0.35, y + head * 0.3, x + head * 0.35, y + head * random.uniform(0.45, 0.7))
    draw.chord(mouth, 0, 180, fill=(120, 40, 40))
    return image.filter(ImageFilter.GaussianBlur(width * 0.002))


def _animal(random: Random, image: Image.Image) -> Image.Image:
    width, height = image.size
    x, y, size = width * random.uniform(0.3, 0.7), height * random.uniform(0.4, 0.7), height * random.uniform(0.15, 0.3)
    fur = pick(random, (90, 60, 35), (150, 110, 70), (60, 60, 60), (210, 200, 185), colour(random, 30, 200))
    body = (x - size * 1.6, y - size * 0.6, x + size * 1.3, y + size)
    head = (x + size * 0.6, y - size * 1.2, x + size * 1.9, y)
    ears = [(x + size * s, y - size * 1.45, x + size * (s + 0.4), y - size * 1.0) for s in (0.7, 1.4)]
    legs = [(x + size * s, y + size * 0.3, x + size * (s + 0.35), y + size * 1.7) for s in (-1.4, -0.8, 0.3, 0.8)]
    image = _lit(random, image, _ellipses(image, body, head, *ears, *legs), fur)
    draw = ImageDraw.Draw(image)
    for offset in (0.95, 1.4):
        draw.ellipse(
            (x + size * offset, y - size * 0.8, x + size * (offset + 0.15), y - size * 0.65), fill=(15, 10, 10)
        )
    draw.ellipse((x + size * 1.15, y - size * 0.5, x + size * 1.4, y - size * 0.3), fill=(25, 15, 15))
    return image


def _object(random: Random, image: Image.Image) -> Image.Image:
    width, height = image.size
    mask = Image.new("L", image.size)
    x, y = width * random.uniform(0.1, 0.6), height * random.uniform(0.2, 0.6)
    corners = [
        (x + width * random.uniform(0, 0.35), y + height * random.uniform(0, 0.4))
        for _ in range(int(random.integers(3, 7)))
    ]
    ImageDraw.Draw(mask).polygon(corners, fill=255)
    return _lit(random, image, mask, colour(random))


def _develop(random: Random, image: Image.Image) -> Image.Image:
    """Give the picture what a lens and a sensor give: vignette, grain, sometimes black and white or a cast."""
    width, height = image.size
    across, down = np.meshgrid(np.linspace(-1, 1, width), np.linspace(-1, 1, height))
    falloff = 1 - random.uniform(0, 0.6) * (across**2 + down**2) / 2
    pixels = np.asarray(image).astype(np.float32) * falloff[..., None]
    pixels += random.normal(0, random.uniform(0, 12), (height, width, 1))
    if chance(random, 0.12):
        pixels = np.repeat(pixels.mean(axis=2, keepdims=True), 3, axis=2)
    elif chance(random, 0.2):
        pixels *= random.uniform(0.7, 1.1, 3)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
