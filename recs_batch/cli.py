"""The command line: `python -m recs_batch <command>`."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import click
from rich.console import Console

from common.errors import ConfigurationError, MissingInputError
from common.progress import track
from common.settings import load_settings
from common.storage import latest_publication, list_publications, open_store
from common.storage import rollback as move_back
from recs_batch.cli_compare import compare
from recs_batch.cli_explain import explain, why_not
from recs_batch.cli_serve import serve
from recs_batch.cli_steps import STEPS
from recs_batch.generate import write_network
from recs_batch.network import Network, NetworkSize
from recs_batch.options import DAY, begun_night, decisions, locations, store_option, work_option
from recs_batch.published import Published, publication_of
from recs_batch.publishing import PREFIX
from recs_batch.retention import remove_old
from recs_batch.settings import RetentionSettings
from recs_batch.show import publications_table, render


@click.group()
def main() -> None:
    """Nightly recommendations: whom to follow and which rooms to join."""


for _command in (*STEPS, explain, why_not, compare, serve):
    main.add_command(_command)


@main.command()
@click.option("--out", "tables", help="Where to write the tables. [TABLES_URI, var/tables]")
@click.option("--users", type=click.IntRange(min=2), default=1_000, show_default=True)
@click.option("--rooms", type=click.IntRange(min=1), default=200, show_default=True)
@click.option("--messages", type=click.IntRange(min=0), default=20_000, show_default=True)
@click.option("--likes", type=click.IntRange(min=0), default=250_000, show_default=True)
@click.option("--shown", type=click.IntRange(min=0), default=0, show_default=True, help="Users shown to each, lately.")
@click.option("--until", type=DAY, default="2026-11-01", show_default=True, help="The network's year ends here.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True)
def generate(
    *, tables: str | None, users: int, rooms: int, messages: int, likes: int, shown: int, until: datetime, seed: int
) -> None:
    """Write a synthetic network's tables as Parquet; the same seed and sizes give the same rows."""
    uri = locations(tables=tables).tables_uri
    rows = write_network(Network(NetworkSize(users, rooms, messages, likes), seed, until.date()), uri, shown)
    click.echo(f"wrote to {uri}: " + ", ".join(f"{count:,} {table}" for table, count in rows.items()))


@main.command()
@decisions
def run(**options: Any) -> None:
    """Begin a night, or go on with it, take every step and publish."""
    with begun_night(**options) as night:
        night.run()
        remove_old(night.work, night.store, load_settings(RetentionSettings))


@main.command()
@decisions
@click.option("--from", "first", type=DAY, required=True, help="The first day.")
@click.option("--to", "last", type=DAY, required=True, help="The last day.")
def backfill(*, first: datetime, last: datetime, day: None, evaluating: bool, **options: Any) -> None:
    """Run and publish each of several days, the earliest first, without evaluation.

    The latest publication stays the latest unless a day is at least as late as its own.
    """
    if first > last:
        raise ConfigurationError(f"--from {first.date()} lies after --to {last.date()}")
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    for one in track(days, "backfill"):
        with begun_night(one, evaluating=False, **options) as night:
            night.run()


@main.command()
@store_option
def publications(*, store: str | None) -> None:
    """List the publications, the oldest first; * marks the latest."""
    found = list_publications(place := open_store(locations(store=store).store_uri), PREFIX)
    if not found:
        raise MissingInputError(f"{place.uri}: nothing has been published")
    console = Console()
    console.width = max(console.width, 120)  # names are to be copied, not wrapped
    console.print(publications_table(found, latest_publication(place, PREFIX).run))


@main.command()
@store_option
@click.option("--to", "target", required=True, help="dt=…/run=…, as `publications` lists it, or a day that has one.")
def rollback(*, store: str | None, target: str) -> None:
    """Make an earlier publication the latest again."""
    place = open_store(locations(store=store).store_uri)
    manifest = move_back(place, PREFIX, publication_of(place, target).run)
    click.echo(f"the latest publication is {manifest.run} again, published at {manifest.published_at:%Y-%m-%d %H:%M}Z")


@main.command()
@work_option
@store_option
def prune(*, work: str | None, store: str | None) -> None:
    """Remove old publications, old partitions and what killed runs left, as RECS_KEEP_… say."""
    places = locations(work=work, store=store)
    remove_old(open_store(places.work_uri), open_store(places.store_uri), load_settings(RetentionSettings))


@main.command()
@store_option
@click.option("--users", "count", type=click.IntRange(min=1), default=3, show_default=True, help="How many users.")
@click.option("--user", "ids", type=int, multiple=True, help="This user (may be given more than once).")
def show(*, store: str | None, count: int, ids: tuple[int, ...]) -> None:
    """Print the latest recommendations of a few users, with their reasons."""
    found = Published.latest(open_store(locations(store=store).store_uri))
    Console().print(*render(found, list(ids) or found.first_users(count)), sep="\n")
