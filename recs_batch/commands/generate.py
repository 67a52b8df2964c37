"""`generate`: a network to try on."""

from __future__ import annotations

from datetime import datetime

import click

from common.commands import Command
from recs_batch.commands.options import DAY


@click.command("generate", cls=Command)
@click.option("--out", "tables", help="Where to write the tables. [TABLES_URI, var/tables]")
@click.option("--users", type=click.IntRange(min=2), default=1_000, show_default=True)
@click.option("--rooms", type=click.IntRange(min=1), default=200, show_default=True)
@click.option("--messages", type=click.IntRange(min=0), default=20_000, show_default=True)
@click.option("--likes", type=click.IntRange(min=0), default=250_000, show_default=True)
@click.option("--shown", type=click.IntRange(min=0), default=0, show_default=True, help="Users shown to each, lately.")
@click.option("--until", type=DAY, default="2026-11-01", show_default=True, help="The network's year ends here.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True)
def command(
    *, tables: str | None, users: int, rooms: int, messages: int, likes: int, shown: int, until: datetime, seed: int
) -> None:
    """Write a synthetic network's tables as Parquet; the same seed and sizes give the same rows."""
    from recs_batch.generate import write_network
    from recs_batch.network import Network, NetworkSize
    from recs_batch.settings import locations

    uri = locations(tables=tables).tables_uri
    rows = write_network(Network(NetworkSize(users, rooms, messages, likes), seed, until.date()), uri, shown)
    click.echo(f"wrote to {uri}: " + ", ".join(f"{count:,} {table}" for table, count in rows.items()))
