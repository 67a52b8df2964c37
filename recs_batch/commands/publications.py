"""`publications`: what has been published."""

from __future__ import annotations

import click

from common.commands import Command
from common.errors import MissingInputError
from recs_batch.commands.options import store_option


@click.command("publications", cls=Command)
@store_option
def command(*, store: str | None) -> None:
    """List the publications, the oldest first; * marks the latest."""
    from rich.console import Console

    from common.storage import latest_publication, list_publications, open_store
    from recs_batch.publishing import PREFIX
    from recs_batch.settings import locations
    from recs_batch.show import publications_table

    found = list_publications(place := open_store(locations(store=store).store_uri), PREFIX)
    if not found:
        raise MissingInputError(f"{place.uri}: nothing has been published")
    console = Console()
    console.width = max(console.width, 120)  # names are to be copied, not wrapped
    console.print(publications_table(found, latest_publication(place, PREFIX).run))
