"""`reconcile`: the minutes against the raw scores."""

from __future__ import annotations

from datetime import datetime

import click

from common.commands import Command
from common.errors import DataError
from sentiment_minibatch.commands.options import UtcTime, database, minute_range

_DIFFERENCES_SHOWN = 20


@click.command("reconcile", cls=Command)
@click.option("--from", "start", type=UtcTime(), required=True, help="first event time, inclusive")
@click.option("--to", "end", type=UtcTime(), required=True, help="last event time, exclusive")
def command(start: datetime, end: datetime) -> None:
    """Recompute a range from the raw scores and report where the minutes differ; changes nothing."""
    from sentiment_minibatch.reconcile import reconcile

    with database() as connection:
        result = reconcile(connection, *minute_range(start, end))
    for difference in result.differences[:_DIFFERENCES_SHOWN]:
        click.echo(difference)
    click.echo(result)
    if result.differences:
        raise DataError(f"{len(result.differences):,} rows differ; `backfill` the range to repair them")
