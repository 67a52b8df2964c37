"""`rollback`: back to an earlier artifact."""

from __future__ import annotations

import click

from common.commands import Command
from image_classifier.commands.options import models_option


@click.command("rollback", cls=Command)
@models_option
@click.argument("run")
def command(models: str, run: str) -> None:
    """Make the earlier publication RUN the latest again."""
    from image_classifier.learning.models import rollback

    manifest = rollback(models, run)
    click.echo(f"{manifest.metadata['version']} is the latest again: {manifest.run}")
