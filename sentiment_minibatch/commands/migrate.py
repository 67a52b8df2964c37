"""`migrate`: the database's tables."""

from __future__ import annotations

import click

from common.commands import Command
from sentiment_minibatch.commands.options import database_to_prepare


@click.command("migrate", cls=Command)
def command() -> None:
    """Create the tables, or bring them up to date; a server that is starting has a minute for it."""
    from sentiment_minibatch.schema import migrate

    with database_to_prepare() as connection:
        applied = migrate(connection)
    click.echo(f"applied {', '.join(applied)}" if applied else "the schema is up to date")
