"""`companies`: the tickers' names."""

from __future__ import annotations

from pathlib import Path

import click

from common.commands import Command
from sentiment_minibatch.commands.options import database


@click.command("companies", cls=Command)
@click.argument("path", type=click.Path(path_type=Path))
def command(path: Path) -> None:
    """Give tickers the names of their companies, from a CSV file with the header symbol,name."""
    from sentiment_minibatch.companies import name_companies

    with database() as connection:
        click.echo(f"{name_companies(connection, path):,} tickers have a name")
