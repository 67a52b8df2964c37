"""`status`: how the job is."""

from __future__ import annotations

import json

import click

from common.commands import Command
from sentiment_minibatch.commands.options import database


@click.command("status", cls=Command)
@click.option("--json", "as_json", is_flag=True, help="as one JSON object")
def command(as_json: bool) -> None:
    """Say how far the job is, what is pending, and how fast it goes."""
    from sentiment_minibatch.show import show_status
    from sentiment_minibatch.status import read_status

    with database() as connection:
        status = read_status(connection)
    if as_json:
        click.echo(json.dumps(status, default=str))
    else:
        show_status(status)
