"""`aggregate`: the minutes, as the job makes them."""

from __future__ import annotations

import time

import click

from common.commands import Command
from sentiment_minibatch.commands.options import database


@click.command("aggregate", cls=Command)
@click.option("--follow", is_flag=True, help="run again at every minute's end, until stopped")
def command(follow: bool) -> None:
    """Bring the minutes up to date; made to be run every minute, but late, twice or not at all do no harm."""
    from common.settings import load_settings
    from sentiment_minibatch.aggregate import aggregate, only_aggregation
    from sentiment_minibatch.settings import AggregationSettings

    settings = load_settings(AggregationSettings)
    while True:
        with database() as connection, only_aggregation(connection) as alone:
            if alone:
                click.echo(aggregate(connection, grace=settings.grace, at_most=settings.minutes_per_run))
            else:
                click.echo("another aggregation is running; nothing to do")
        if not follow:
            return
        time.sleep(60 - (time.time() - settings.grace_seconds) % 60 + 0.05)
