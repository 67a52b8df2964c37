"""The command line: `python -m recs_batch <command>`."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import click
from rich.console import Console

from common.errors import ConfigurationError
from common.progress import track
from common.settings import load_settings
from common.storage import open_store
from common.storage import rollback as move_back
from recs_batch.checks import CheckSettings
from recs_batch.cli_explain import explain, why_not
from recs_batch.cli_steps import STEPS
from recs_batch.engines.names import ENGINES
from recs_batch.generate import write_network
from recs_batch.network import Network, NetworkSize
from recs_batch.options import DAY, days_option, locations, night_options, open_night, store_option
from recs_batch.publishing import PREFIX, PublishSettings
from recs_batch.show import read_latest, render


@click.group()
def main() -> None:
    """Nightly recommendations: whom to follow and which rooms to join."""


for _command in (*STEPS, explain, why_not):
    main.add_command(_command)


@main.command()
@click.option("--out", "tables", help="Where to write the tables. [TABLES_URI, var/tables]")
@click.option("--users", type=click.IntRange(min=2), default=1_000, show_default=True)
@click.option("--rooms", type=click.IntRange(min=1), default=200, show_default=True)
@click.option("--messages", type=click.IntRange(min=0), default=20_000, show_default=True)
@click.option("--likes", type=click.IntRange(min=0), default=250_000, show_default=True)
@click.option("--until", type=DAY, default="2026-11-01", show_default=True, help="The network's year ends here.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True)
def generate(
    *, tables: str | None, users: int, rooms: int, messages: int, likes: int, until: datetime, seed: int
) -> None:
    """Write a synthetic network's tables as Parquet; the same seed and sizes give the same rows."""
    uri = locations(tables=tables).tables_uri
    rows = write_network(Network(NetworkSize(users, rooms, messages, likes), seed, until.date()), uri)
    click.echo(f"wrote to {uri}: " + ", ".join(f"{count:,} {table}" for table, count in rows.items()))


@main.command()
@night_options
@click.option("--engine", type=click.Choice(list(ENGINES)), default="compiled", show_default=True)
@days_option
@click.option("--evaluate/--no-evaluate", "evaluating", default=True, help="Leave the evaluation out.")
@click.option("--fit/--no-fit", "fitting", default=None, help="Fit the filters first. [on the first night]")
def run(*, engine: str, days: int, evaluating: bool, fitting: bool | None, **options: Any) -> None:
    """Take every step and publish."""
    settings = load_settings(CheckSettings), load_settings(PublishSettings)
    with open_night(**options) as night:
        night.run(engine, days if evaluating else None, *settings, fitting)


@main.command()
@night_options
@click.option("--from", "first", type=DAY, required=True, help="The first day.")
@click.option("--to", "last", type=DAY, required=True, help="The last day.")
def backfill(*, first: datetime, last: datetime, day: None, **options: Any) -> None:
    """Run and publish each of several days, the earliest first, without evaluation."""
    if first > last:
        raise ConfigurationError(f"--from {first.date()} lies after --to {last.date()}")
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    for one in track(days, "backfill"):
        with open_night(one, **options) as night:
            night.run("compiled", None, load_settings(CheckSettings), load_settings(PublishSettings))


@main.command()
@store_option
@click.option("--to", "target", required=True, help="A day (2026-10-31: its last run) or dt=…/run=….")
def rollback(*, store: str | None, target: str) -> None:
    """Make an earlier publication the latest again."""
    wanted = target if target.startswith("dt=") else f"dt={target}"
    manifest = move_back(open_store(locations(store=store).store_uri), PREFIX, wanted)
    click.echo(f"the latest publication is {manifest.run} again, published at {manifest.published_at:%Y-%m-%d %H:%M}Z")


@main.command()
@store_option
@click.option("--users", "count", type=click.IntRange(min=1), default=3, show_default=True, help="How many users.")
@click.option("--user", "ids", type=int, multiple=True, help="This user (may be given more than once).")
def show(*, store: str | None, count: int, ids: tuple[int, ...]) -> None:
    """Print the latest recommendations of a few users, with their reasons."""
    Console().print(*render(read_latest(open_store(locations(store=store).store_uri)), count, ids), sep="\n")
