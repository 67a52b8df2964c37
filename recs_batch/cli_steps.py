"""The steps of a night, each a command that reads its predecessors' partitions and writes its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import click

from common.settings import load_settings
from recs_batch.checks import CheckSettings
from recs_batch.night import Night
from recs_batch.options import days_option, night_options, open_night
from recs_batch.publishing import PublishSettings


def _step(name: str, description: str, take: Callable[[Night], Any]) -> click.Command:
    def command(**options: Any) -> None:
        with open_night(**options) as night:
            take(night)

    return click.command(name, help=description)(night_options(command))


@click.command()
@night_options
@days_option
@click.option("--fit", "fitting", is_flag=True, help="Fit the filters first, on the period before the one held back.")
def evaluate(*, days: int, fitting: bool, **options: Any) -> None:
    """Compare the filter with popularity and chance on the last days, held back; write a report."""
    with open_night(**options) as night:
        folder = night.evaluate(days, fitting)
        found = night.evaluation()
    for kind, methods in found["results"].items():
        for method, values in methods.items():
            recall = values["recall"]
            click.echo(f"{kind:6} {method:11} recall {recall['mean']:.4f} [{recall['low']:.4f}, {recall['high']:.4f}]")
    for name in ("filter_users", "filter_rooms"):
        click.echo(f"RECS_{name.upper()}='{json.dumps(found['parameters'][name])}'")
    click.echo(f"report: {folder / 'report.html'}")


STEPS = (
    evaluate,
    _step(
        "engagement",
        "Check the tables and count who engages with whom and what.",
        lambda night: night.count_engagement(load_settings(CheckSettings)),
    ),
    _step("filter-users", "Compute the similarities that lead to users.", lambda night: night.build_filter("users")),
    _step("filter-rooms", "Compute the similarities that lead to rooms.", lambda night: night.build_filter("rooms")),
    _step("follow-recs", "Recommend whom to follow.", lambda night: night.recommend("users")),
    _step("room-recs", "Recommend which rooms to join.", lambda night: night.recommend("rooms")),
    _step(
        "publish",
        "Make the recommendations the latest publication.",
        lambda night: night.publish(load_settings(PublishSettings)),
    ),
)
