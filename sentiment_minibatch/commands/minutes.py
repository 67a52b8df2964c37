"""Commands about the minutes: aggregate, backfill, reconcile, status, show."""

from __future__ import annotations

import json
import time
from datetime import datetime

import click

from common.errors import DataError
from common.progress import track
from common.settings import load_settings
from sentiment_minibatch.aggregate import aggregate, only_aggregation
from sentiment_minibatch.backfill import backfill_minutes, reaggregate
from sentiment_minibatch.commands.options import UtcTime, database, minute_range
from sentiment_minibatch.reconcile import reconcile
from sentiment_minibatch.settings import AggregationSettings
from sentiment_minibatch.show import show_index, show_status
from sentiment_minibatch.status import read_status

_DIFFERENCES_SHOWN = 20


@click.command("aggregate")
@click.option("--follow", is_flag=True, help="run again at every minute's end, until stopped")
def aggregate_command(follow: bool) -> None:
    """Bring the minutes up to date; made to be run every minute, but late, twice or not at all do no harm."""
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


@click.command("backfill")
@click.option("--from", "start", type=UtcTime(), required=True, help="first event time, inclusive")
@click.option("--to", "end", type=UtcTime(), required=True, help="last event time, exclusive")
def backfill_command(start: datetime, end: datetime) -> None:
    """Aggregate every minute of a range again, changed or not; the regular job may run meanwhile."""
    with database() as connection:
        minutes = backfill_minutes(connection, *minute_range(start, end))
        click.echo(reaggregate(connection, track(minutes, "minutes", len(minutes))))


@click.command("reconcile")
@click.option("--from", "start", type=UtcTime(), required=True, help="first event time, inclusive")
@click.option("--to", "end", type=UtcTime(), required=True, help="last event time, exclusive")
def reconcile_command(start: datetime, end: datetime) -> None:
    """Recompute a range from the raw scores and report where the minutes differ; changes nothing."""
    with database() as connection:
        result = reconcile(connection, *minute_range(start, end))
    for difference in result.differences[:_DIFFERENCES_SHOWN]:
        click.echo(difference)
    click.echo(result)
    if result.differences:
        raise DataError(f"{len(result.differences):,} rows differ; `backfill` the range to repair them")


@click.command("status")
@click.option("--json", "as_json", is_flag=True, help="as one JSON object")
def status_command(as_json: bool) -> None:
    """Say how far the job is, what is pending, and how fast it goes."""
    with database() as connection:
        status = read_status(connection)
    if as_json:
        click.echo(json.dumps(status, default=str))
    else:
        show_status(status)


@click.command("show")
@click.option("--symbols", "rows", default=15, show_default=True, type=click.IntRange(1))
def show_command(rows: int) -> None:
    """Print the index of the tickers that are most talked about."""
    with database() as connection:
        show_index(connection, rows)
