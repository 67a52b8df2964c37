"""The steps of a night, each a command that reads what the steps before it wrote, and the night's specification."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import click

from common.settings import load_settings
from recs_batch.night import Night
from recs_batch.options import begun_night, date_option, decisions, specified_night, work_option
from recs_batch.retention import remove_old
from recs_batch.settings import RetentionSettings
from recs_batch.steps import steps_of


@click.command()
@decisions
def specify(**options: Any) -> None:
    """Begin a night: decide what it is to do, and write it down for every later step."""
    with begun_night(**options) as night:
        click.echo(f"night {night.specification.id} of {night.specification.day}")


def _step(name: str, description: str, take: Callable[[Night], Any]) -> click.Command:
    def command(day: datetime | None, work: str | None) -> None:
        with specified_night(day, work) as night:
            take(night)

    return click.command(name, help=description)(work_option(date_option(command)))


def _taken(name: str) -> Callable[[Night], None]:
    return lambda night: _evaluated(night) if name == "evaluate" else night.take(name)


def _evaluated(night: Night) -> None:
    night.take("evaluate")
    found = night.partitions.manifest("evaluate").metadata["results"]
    for kind, methods in found.items():
        for method, values in methods.items():
            recall = values["recall"]
            measured = f"{recall['mean']:.4f} [{recall['low']:.4f}, {recall['high']:.4f}]"
            told = measured if values["users"] else "not measured: nobody made a new link"
            click.echo(f"{kind:6} {method:11} recall {told}")
    click.echo(f"report: {night.partitions.open('evaluate') / 'report.html'}")


def _publish(night: Night) -> None:
    night.publish()
    remove_old(night.work, night.store, load_settings(RetentionSettings))


STEPS = (
    specify,
    *(_step(name, step.description, _taken(name)) for name, step in steps_of(evaluated=True).items()),
    _step("publish", "Make the recommendations the latest publication, and remove what is old.", _publish),
)
