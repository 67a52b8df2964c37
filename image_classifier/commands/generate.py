"""`generate`: drawn pictures to train and try on."""

from __future__ import annotations

from pathlib import Path

import click

from common.commands import Command
from image_classifier.commands.options import FOLDER


@click.command("generate", cls=Command)
@click.option("--out", type=FOLDER, required=True, help="a new folder")
@click.option("--count", type=click.IntRange(min=10), default=2000, show_default=True, help="images in all")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True)
def command(out: Path, count: int, seed: int) -> None:
    """Draw labelled images: OUT/{train,val}/{chart,meme}/*.png."""
    from image_classifier.generate import generate_folder

    generate_folder(out, count, seed)
    click.echo(f"{count} images in {out}")
