"""`rebuild`: the minutes from the archive."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import click

from common.commands import Command
from common.errors import DataError
from sentiment_minibatch.commands.options import UtcTime, database


@click.command("rebuild", cls=Command)
@click.argument("uri", metavar="PATH|URI")
@click.option("--from", "start", type=UtcTime(), help="first hour of delivery [default: two days ago]")
@click.option("--to", "end", type=UtcTime(), help="[default: now]")
def command(uri: str, start: datetime | None, end: datetime | None) -> None:
    """Rebuild the database's minutes from the archive of revisions, such as s3://bucket/sentiment/stream/revisions."""
    from common.storage import open_store
    from sentiment_minibatch.streaming.archive import rebuild
    from sentiment_minibatch.streaming.revisions import Merged

    end = end or datetime.now(UTC)
    total = Merged()
    with database() as connection:
        for key, merged in rebuild(connection, open_store(uri), start or end - timedelta(days=2), end):
            click.echo(f"{key}: {merged}")
            total.add(merged)
    click.echo(f"in all: {total}")
    if total.unreadable:
        raise DataError(f"{total.unreadable:,} lines are no revisions and were left out; the log names them")
