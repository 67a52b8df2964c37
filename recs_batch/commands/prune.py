"""`prune`: what is old goes."""

from __future__ import annotations

import click

from common.commands import Command
from recs_batch.commands.options import store_option, work_option


@click.command("prune", cls=Command)
@work_option
@store_option
def command(*, work: str | None, store: str | None) -> None:
    """Remove old publications, old partitions and what killed runs left, as RECS_KEEP_… say."""
    from common.settings import load_settings
    from common.storage import open_store
    from recs_batch.retention import remove_old
    from recs_batch.settings import RetentionSettings, locations

    places = locations(work=work, store=store)
    remove_old(open_store(places.work_uri), open_store(places.store_uri), load_settings(RetentionSettings))
