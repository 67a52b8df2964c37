"""`package`: the Flink application's zip file."""

from __future__ import annotations

from pathlib import Path

import click

from common.commands import Command


@click.command("package", cls=Command)
@click.option("--jar", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path))
def command(jar: Path, out: Path) -> None:
    """Make the zip file of the Flink application, with the jar of its operator and connectors."""
    from sentiment_minibatch.streaming.application import package_application

    package_application(jar, out)
    click.echo(out)
