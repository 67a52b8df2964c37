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
@click.option(
    "--fit", "fit_blend", is_flag=True, help="Fit the blend's weights, on the period before the one held back."
)
def evaluate(*, days: int, fit_blend: bool, **options: Any) -> None:
    """Compare every scorer with popularity and chance on the last days, held back; write a report."""
    with open_night(**options) as night:
        folder = night.evaluate(days, fit_blend)
        found = night.evaluation()
    for kind, methods in found["results"].items():
        for method, values in methods.items():
            recall = values["recall"]
            click.echo(f"{kind:6} {method:11} recall {recall['mean']:.4f} [{recall['low']:.4f}, {recall['high']:.4f}]")
    for name, blend in found.get("fitted", {}).items():
        click.echo(f"RECS_{name.upper()}='{json.dumps(blend)}'")
    click.echo(f"report: {folder / 'report.html'}")


STEPS = (
    evaluate,
    _step(
        "engagement",
        "Check the tables and count who engages with whom and what.",
        lambda night: night.count_engagement(load_settings(CheckSettings)),
    ),
    _step("closest-users", "Find the closest users of every user.", lambda night: night.find_closest("users")),
    _step("closest-rooms", "Find the closest rooms of every user.", lambda night: night.find_closest("rooms")),
    _step("follow-recs", "Recommend whom to follow.", lambda night: night.recommend("users")),
    _step("room-recs", "Recommend which rooms to join.", lambda night: night.recommend("rooms")),
    _step(
        "publish",
        "Make the recommendations the latest publication.",
        lambda night: night.publish(load_settings(PublishSettings)),
    ),
)
