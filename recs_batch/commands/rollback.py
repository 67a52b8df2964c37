"""`rollback`: back to an earlier publication."""

from __future__ import annotations

import click

from common.commands import Command
from recs_batch.commands.options import store_option


@click.command("rollback", cls=Command)
@store_option
@click.option("--to", "target", required=True, help="dt=…/run=…, as `publications` lists it, or a day that has one.")
def command(*, store: str | None, target: str) -> None:
    """Make an earlier publication the latest again."""
    from common.storage import open_store, rollback
    from recs_batch.published import publication_of
    from recs_batch.publishing import PREFIX
    from recs_batch.settings import locations

    place = open_store(locations(store=store).store_uri)
    manifest = rollback(place, PREFIX, publication_of(place, target).run)
    click.echo(f"the latest publication is {manifest.run} again, published at {manifest.published_at:%Y-%m-%d %H:%M}Z")
