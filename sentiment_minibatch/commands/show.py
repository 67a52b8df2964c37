"""`show`: the index on a terminal."""

from __future__ import annotations

import click

from common.commands import Command
from sentiment_minibatch.commands.options import database


@click.command("show", cls=Command)
@click.option("--symbols", "rows", default=15, show_default=True, type=click.IntRange(1))
def command(rows: int) -> None:
    """Print the index of the tickers that are most talked about."""
    from sentiment_minibatch.show import show_index

    with database() as connection:
        show_index(connection, rows)
