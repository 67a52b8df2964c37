"""`backfill`: several days' nights."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import click

from common.commands import Command
from common.errors import ConfigurationError
from recs_batch.commands.options import DAY, decisions


@click.command("backfill", cls=Command)
@decisions
@click.option("--from", "first", type=DAY, required=True, help="The first day.")
@click.option("--to", "last", type=DAY, required=True, help="The last day.")
def command(*, first: datetime, last: datetime, day: None, evaluating: bool, **options: Any) -> None:
    """Run and publish each of several days, the earliest first, without evaluation.

    The latest publication stays the latest unless a day is at least as late as its own.
    """
    from common.progress import track
    from recs_batch.from_options import begun_night

    if first > last:
        raise ConfigurationError(f"--from {first.date()} lies after --to {last.date()}")
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    for one in track(days, "backfill"):
        with begun_night(one, evaluating=False, **options) as night:
            night.run()
