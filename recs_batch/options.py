"""Options that several commands share, and what they are turned into."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import click

from common.settings import load_settings
from common.storage import open_store
from recs_batch.night import Night, scratch_folder
from recs_batch.publishing import last_metadata
from recs_batch.settings import AlgorithmSettings, RecsSettings

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
days_option = click.option(
    "--days", type=click.IntRange(min=1), default=28, show_default=True, help="How many days evaluation holds back."
)


def night_options(command: Command, date_option: Callable[[Command], Command] = date_option) -> Command:
    """Give a command the options of a night, with `date_option` among them, and of the algorithm."""
    algorithm = (
        click.option("--closest", type=int, help="Closest connections per user. [RECS_CLOSEST, 10]"),
        click.option("--top", type=int, help="Recommendations per user. [RECS_TOP, 5]"),
        click.option("--scorer", help="filter, or count (the algorithm of 2019, on SQL engines). [RECS_SCORER]"),
        click.option("--second-hop", help="closest or follows. [RECS_SECOND_HOP, follows]"),
        click.option(
            "--half-life-days", type=float, help="Engagement counts half after so long. [RECS_HALF_LIFE_DAYS]"
        ),
    )
    for option in reversed((tables_option, work_option, store_option, date_option, *algorithm)):
        command = option(command)
    return command


@contextmanager
def open_night(day: datetime | date | None, **options: Any) -> Iterator[Night]:
    """Give the night that a command's options ask for, with a temporary folder of its own."""
    algorithm = {name: options.get(name) for name in AlgorithmSettings.model_fields}
    settings = locations(**options)
    last = last_metadata(open_store(settings.store_uri)).get("parameters")
    parameters = load_settings(AlgorithmSettings, **algorithm).parameters(last)
    with scratch_folder() as scratch:
        yield Night(
            tables=settings.tables_uri,
            work=settings.work_uri,
            store=settings.store_uri,
            day=chosen_day(day),
            parameters=parameters,
            scratch=Path(scratch),
        )


def locations(**options: Any) -> RecsSettings:
    """Return where everything lies."""
    uris = {f"{name}_uri": options.get(name) for name in ("tables", "work", "store")}
    return load_settings(RecsSettings, **uris)


def chosen_day(day: datetime | date | None) -> date:
    """Return the day asked for, yesterday (UTC) if none was."""
    if day is None:
        return datetime.now(UTC).date() - timedelta(days=1)
    return day.date() if isinstance(day, datetime) else day
