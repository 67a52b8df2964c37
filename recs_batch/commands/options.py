"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from recs_batch.engines.names import ENGINES

Command = TypeVar("Command", bound=Callable[..., Any])

DAY = click.DateTime(formats=["%Y-%m-%d"])

tables_option = click.option(
    "--tables", help="The input tables: a directory, s3://… or postgresql://…. [TABLES_URI, var/tables]"
)
work_option = click.option("--work", help="Where the steps' partitions lie. [WORK_URI, var/work/recs]")
store_option = click.option("--store", help="Where to publish, a directory or s3://…. [STORE_URI, var/store]")
date_option = click.option(
    "--date", "day", type=DAY, help="Recommend on what was known at this day's end (UTC). [yesterday]"
)


def decisions(command: Command, date_option: Callable[[Command], Command] = date_option) -> Command:
    """Give a command the options that a night's specification is made of, with `date_option` among them."""
    options = (
        tables_option,
        work_option,
        store_option,
        date_option,
        click.option("--engine", type=click.Choice(list(ENGINES)), default="compiled", show_default=True),
        click.option("--days", type=click.IntRange(min=1), default=28, show_default=True, help="Days held back."),
        click.option("--evaluate/--no-evaluate", "evaluating", default=True, help="Leave the evaluation out."),
        click.option("--fit/--no-fit", "fitting", default=None, help="Fit the filters first. [on the first night]"),
        click.option("--anew", is_flag=True, help="Take every step again, even if it was taken for the same night."),
        click.option("--closest", type=int, help="Closest connections per user. [RECS_CLOSEST, 10]"),
        click.option("--top", type=int, help="Recommendations per user. [RECS_TOP, 5]"),
        click.option("--scorer", help="filter, or count (the algorithm of 2019, on SQL engines). [RECS_SCORER]"),
        click.option("--second-hop", help="closest or follows. [RECS_SECOND_HOP, follows]"),
        click.option(
            "--half-life-days", type=float, help="Engagement counts half after so long. [RECS_HALF_LIFE_DAYS]"
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command
