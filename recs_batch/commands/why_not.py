"""`why-not`: why something is not recommended."""

from __future__ import annotations

from typing import Any

import click

from common.commands import Command
from recs_batch.commands.questions import answer, question_options, tell_circumstances


@click.command("why-not", cls=Command, context_settings={"ignore_unknown_options": True})
@question_options
def command(*, user: int, item: int, **options: Any) -> None:
    """Tell why ITEM is not recommended to USER: which filter removed it, or how far down it ranks."""
    found = answer(user, item, **options)
    tell_circumstances(user, item, found)
    if "filter" in found:
        click.echo(f"{item} is not recommended to user {user}: {found['filter']}")
    elif found["recommended"]:
        click.echo(f"{item} is recommended to user {user}, as number {found['rank']}")
    else:
        click.echo(
            f"{item} is not recommended to user {user}: it ranks {found['rank']}, with a score of {found['score']:g}"
        )
