"""The steps of a night, each a command that reads what the steps before it wrote, and the night's specification."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from common.commands import Command
from recs_batch.commands.options import date_option, decisions, work_option

if TYPE_CHECKING:
    from recs_batch.night import Night


@click.command("specify", cls=Command)
@decisions
def _specify(**options: Any) -> None:
    """Begin a night: decide what it is to do, and write it down for every later step."""
    from recs_batch.from_options import begun_night

    with begun_night(**options) as night:
        click.echo(f"night {night.specification.id} of {night.specification.day}")


def _step(name: str, description: str, take: Callable[[Night], Any] | None = None) -> click.Command:
    def command(day: datetime | None, work: str | None) -> None:
        from recs_batch.from_options import specified_night

        with specified_night(day, work) as night:
            take(night) if take else night.take(name)

    return click.command(name, cls=Command, help=description)(work_option(date_option(command)))


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
    from common.settings import load_settings
    from recs_batch.retention import remove_old
    from recs_batch.settings import RetentionSettings

    night.publish()
    remove_old(night.work, night.store, load_settings(RetentionSettings))


commands: dict[str, click.Command] = {
    "specify": _specify,
    "engagement": _step("engagement", "Check the tables and count who engages with whom and what."),
    "filter-users": _step("filter-users", "Compute the similarities that lead to users."),
    "filter-rooms": _step("filter-rooms", "Compute the similarities that lead to rooms."),
    "follow-recs": _step("follow-recs", "Recommend users to every user."),
    "room-recs": _step("room-recs", "Recommend rooms to every user."),
    "evaluate": _step(
        "evaluate",
        "Compare what is published with baselines on the last days, held back; write a report.",
        _evaluated,
    ),
    "publish": _step("publish", "Make the recommendations the latest publication, and remove what is old.", _publish),
}
