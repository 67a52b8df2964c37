"""`export`: the minutes as files."""

from __future__ import annotations

from datetime import datetime

import click

from common.commands import Command
from sentiment_minibatch.commands.options import UtcTime, database, minute_range


@click.command("export", cls=Command)
@click.option("--from", "start", type=UtcTime(), help="first event time, inclusive [default: the last complete day]")
@click.option("--to", "end", type=UtcTime(), help="last event time, exclusive")
def command(start: datetime | None, end: datetime | None) -> None:
    """Publish aggregated minutes as Parquet in the store (STORE_URI)."""
    from common.settings import StoreSettings, load_settings
    from common.storage import open_store
    from sentiment_minibatch.export import export_minutes, last_complete_day

    if (start is None) != (end is None):
        raise click.UsageError("give both --from and --to, or neither")
    store = open_store(load_settings(StoreSettings).store_uri)
    with database() as connection:
        first, last = minute_range(start, end) if start and end else last_complete_day(connection)
        manifest = export_minutes(connection, store, first, last)
    click.echo(f"{store.uri}: {manifest.run}, {manifest.metadata['rows']:,} rows")
