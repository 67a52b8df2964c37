"""`package-function`: the function's zip file."""

from __future__ import annotations

from pathlib import Path

import click

from common.commands import Command


@click.command("package-function", cls=Command)
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path))
def command(out: Path) -> None:
    """Make the zip file of the preprocessing Lambda function."""
    from sentiment_minibatch.streaming.application import package_function

    package_function(out)
    click.echo(out)
