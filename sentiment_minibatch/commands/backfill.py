"""`backfill`: a range of minutes, anew."""

from __future__ import annotations

from datetime import datetime

import click

from common.commands import Command
from sentiment_minibatch.commands.options import UtcTime, database, minute_range


@click.command("backfill", cls=Command)
@click.option("--from", "start", type=UtcTime(), required=True, help="first event time, inclusive")
@click.option("--to", "end", type=UtcTime(), required=True, help="last event time, exclusive")
def command(start: datetime, end: datetime) -> None:
    """Aggregate every minute of a range again, changed or not; the regular job may run meanwhile."""
    from common.progress import track
    from sentiment_minibatch.backfill import backfill_minutes, reaggregate

    with database() as connection:
        minutes = backfill_minutes(connection, *minute_range(start, end))
        click.echo(reaggregate(connection, track(minutes, "minutes", len(minutes))))
