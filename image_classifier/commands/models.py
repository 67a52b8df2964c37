"""`models`: what has been published."""

from __future__ import annotations

import click

from common.commands import Command
from image_classifier.commands.options import models_option


@click.command("models", cls=Command)
@models_option
def command(models: str) -> None:
    """List the published artifacts."""
    from rich.console import Console
    from rich.table import Table

    from image_classifier.learning.models import latest, published

    current = latest(models)
    table = Table("run", "version", "published", "")
    for manifest in published(models):
        note = "latest" if current is not None and manifest.run == current.run else ""
        when = f"{manifest.published_at:%Y-%m-%d %H:%M}Z"
        table.add_row(manifest.run, str(manifest.metadata["version"]), when, note)
    Console().print(table)
