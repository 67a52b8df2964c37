"""`promote`: a better artifact becomes the one that serves."""

from __future__ import annotations

from pathlib import Path

import click

from common.commands import Command
from image_classifier.commands.options import FOLDER, models_option


@click.command("promote", cls=Command)
@click.argument("artifact", type=FOLDER)
@models_option
@click.option("--fixed", type=FOLDER, required=True, help="a folder with chart/ and meme/, perhaps neither/, for good")
@click.option("--feedback", help="reviewed samples; those that no training uses are compared on")
def command(artifact: Path, models: str, fixed: Path, feedback: str | None) -> None:
    """Publish ARTIFACT unless it makes more errors than the one that serves (exit code 65)."""
    from rich.console import Console
    from rich.table import Table

    from image_classifier.learning.promotion import promote

    manifest, compared = promote(artifact, models, fixed, feedback)
    table = Table("images", "of them wrong before", "wrong now")
    for name, counts in compared.items():
        if isinstance(counts, dict):
            table.add_row(f"{counts['images']} {name}", str(counts["errors_serving"]), str(counts["errors_candidate"]))
    Console().print(table)
    click.echo(f"{manifest.metadata['version']} is the latest: {manifest.run}")
