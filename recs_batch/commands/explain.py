"""`explain`: the reasons of one recommendation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from common.commands import Command
from recs_batch.commands.questions import answer, question_options, tell_circumstances


@click.command("explain", cls=Command, context_settings={"ignore_unknown_options": True})
@question_options
@click.option("--picture", type=click.Path(dir_okay=False, path_type=Path), help="Draw the reasons to this file (PNG).")
def command(*, user: int, item: int, picture: Path | None, **options: Any) -> None:
    """Tell why ITEM is recommended to USER: its rank, its score, and what led there."""
    found = answer(user, item, **options)
    tell_circumstances(user, item, found)
    if "filter" in found:
        click.echo(f"{item} is no candidate for user {user}: {found['filter']}")
        return
    click.echo(f"{item} is number {found['rank']} for user {user}, with a score of {found['score']:g}, because of")
    for reason in found["reasons"]:
        name = reason["kind"] if reason["id"] is None else f"{reason['kind']} {reason['id']}"
        click.echo(f"  {name}: {reason['weight']:g}")
    if picture:
        from recs_batch.drawing import draw

        draw(user, item, found["reasons"]).savefig(picture, dpi=120)
        click.echo(f"picture: {picture}")
