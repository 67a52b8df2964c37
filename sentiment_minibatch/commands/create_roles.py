"""`create-roles`: the database's users."""

from __future__ import annotations

import click

from common.commands import Command
from sentiment_minibatch.commands.options import database_to_prepare


@click.command("create-roles", cls=Command)
def command() -> None:
    """Make the database's three users, as its master: one that owns the tables, one for the job, one for the page."""
    from sentiment_minibatch.schema import create_roles

    with database_to_prepare() as connection:
        create_roles(connection)
    click.echo("there are sentiment_owner, sentiment_job and sentiment_page")
