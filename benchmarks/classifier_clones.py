"""Pictures that are neither chart nor meme, from public repositories at fixed commits: photographs and rendered pages.

The photographs are one of each of ImageNet's thousand classes, 128 everyday scenes of COCO, clothes, and those of 170
website templates; pages of the same templates are rendered in Chromium at the sizes of phones and screens.
"""

from __future__ import annotations

import random
import re
import subprocess
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from PIL import Image
from playwright.sync_api import Error, Page

from image_classifier.images import ImageError, read_image

SIDE = 640  # of what is written, at most
PHOTOGRAPHS = {
    "imagenet": ("EliSchwartz/imagenet-sample-images", "bc69043e2862758a1906c6a24a792bb28c6bb2ff", 1000),
    "coco": ("lightly-ai/coco128_yolo", "6d6f7a059ea63efffdbe48aca2d52c04d4c510e9", 128),
    "clothes": ("alexeygrigorev/clothing-dataset-small", "11961516512414bf9f6c150a832cfd21b54a6b54", 200),
}
TEMPLATES = ("learning-zone/website-templates", "7bf31e9646a6b5f51c2e55b2557787310436989f")
VIEWPORTS = [(390, 800), (1280, 800), (820, 1100), (1366, 700)]
_PHOTOGRAPHS_OF_A_TEMPLATE, _PAGES_OF_A_TEMPLATE = 12, 2
_SMALL = 12_000  # bytes; icons and patterns
_NOT_PAGES = re.compile(r"chart|flot|morris|dashboard|google|vendor|plugin|demo/", re.I)


def photographs(clones: Path) -> Iterator[tuple[str, Image.Image]]:
    """Yield the photographs of collections and of templates, once each; those of one source are of one kind."""
    for kind, (repository, commit, count) in PHOTOGRAPHS.items():
        files = {path.name: path for path in sorted(clone(repository, commit, clones).rglob("*.[jJ]*[gG]"))}
        chosen = random.Random(kind).sample(sorted(files), min(count, len(files)))
        yield from ((f"photographs-{kind}", image) for image in _read(files[name] for name in chosen))
    for template in _templates(clones):
        files = {path.read_bytes(): path for path in template.rglob("*.jp*g") if path.stat().st_size >= _SMALL}
        ordered = random.Random(template.name).sample(sorted(files.values()), len(files))
        images = islice(_read(ordered), _PHOTOGRAPHS_OF_A_TEMPLATE)
        yield from ((f"photographs-web-{template.name}", image) for image in images)


def pages(page: Page, clones: Path) -> Iterator[tuple[str, Image.Image]]:
    """Yield screenshots of pages of each template, some from further down the page."""
    for template in _templates(clones):
        source = random.Random(template.name)
        files = [p for p in sorted(template.rglob("*.html")) if not _NOT_PAGES.search(str(p.relative_to(template)))]
        for path in source.sample(files, min(_PAGES_OF_A_TEMPLATE, len(files))):
            width, height = source.choice(VIEWPORTS)
            page.set_viewport_size({"width": width, "height": height})
            try:
                page.goto(path.resolve().as_uri(), wait_until="load", timeout=6000)
                page.evaluate(f"window.scrollTo(0, {source.choice([0, source.randrange(300, 1800)])})")
                page.wait_for_timeout(200)
                yield f"pages-web-{template.name}", read_image(page.screenshot(timeout=6000), SIDE)
            except Error as error:  # what a template lacks is no matter
                print(path.name, str(error).splitlines()[0])


def clone(repository: str, commit: str, clones: Path) -> Path:
    """Clone a repository, unless it is there, and return the folder of its files at a commit."""
    folder = clones / repository.replace("/", "+")
    if not folder.exists():
        subprocess.run(["git", "clone", "--quiet", f"https://github.com/{repository}", str(folder)], check=True)
    subprocess.run(["git", "-C", str(folder), "checkout", "--quiet", commit], check=True)
    return folder


def _templates(clones: Path) -> list[Path]:
    return [path for path in sorted(clone(*TEMPLATES, clones).iterdir()) if path.is_dir() and path.name != ".git"]


def _read(files: Iterator[Path] | list[Path]) -> Iterator[Image.Image]:
    for path in files:
        try:
            image = read_image(path.read_bytes(), SIDE)
        except ImageError:
            continue
        if min(image.size) >= SIDE // 10:
            yield image
