"""`show`: the latest recommendations."""

from __future__ import annotations

import click

from common.commands import Command
from recs_batch.commands.options import store_option


@click.command("show", cls=Command)
@store_option
@click.option("--users", "count", type=click.IntRange(min=1), default=3, show_default=True, help="How many users.")
@click.option("--user", "ids", type=int, multiple=True, help="This user (may be given more than once).")
def command(*, store: str | None, count: int, ids: tuple[int, ...]) -> None:
    """Print the latest recommendations of a few users, with their reasons."""
    from rich.console import Console

    from common.storage import open_store
    from recs_batch.published import Published
    from recs_batch.settings import locations
    from recs_batch.show import render

    found = Published.latest(open_store(locations(store=store).store_uri))
    Console().print(*render(found, list(ids) or found.first_users(count)), sep="\n")
