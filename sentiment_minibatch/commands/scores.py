"""Commands about the scores: generate, load, prune, export, and the tables themselves: migrate."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from common.settings import StoreSettings, load_settings
from common.storage import open_store
from sentiment_minibatch.commands.options import (
    Quantity,
    UtcTime,
    database,
    database_to_prepare,
    minute_range,
    report_set_aside,
)
from sentiment_minibatch.companies import name_companies
from sentiment_minibatch.deliveries import FIELDS
from sentiment_minibatch.export import export_minutes, last_complete_day
from sentiment_minibatch.files.inputs import files_at
from sentiment_minibatch.files.output import write_to
from sentiment_minibatch.generator import MOST_SYMBOLS, StreamSettings, deliveries
from sentiment_minibatch.generator_messages import messages as messages_of_stream
from sentiment_minibatch.live import insert_live, insert_live_messages
from sentiment_minibatch.load import LoadReport, load_file
from sentiment_minibatch.prune import prune
from sentiment_minibatch.schema import create_roles, migrate
from sentiment_minibatch.scoring.database import forget_messages
from sentiment_minibatch.scoring.message import Message
from sentiment_minibatch.settings import RetentionSettings

_TEN_YEARS = 10 * 366 * 24 * 60
_A_YEAR = 366 * 24 * 3_600


@click.command("migrate")
def migrate_command() -> None:
    """Create the tables, or bring them up to date; a server that is starting has a minute for it."""
    with database_to_prepare() as connection:
        applied = migrate(connection)
    click.echo(f"applied {', '.join(applied)}" if applied else "the schema is up to date")


@click.command("create-roles")
def create_roles_command() -> None:
    """Make the database's three users, as its master: one that owns the tables, one for the job, one for the page."""
    with database_to_prepare() as connection:
        create_roles(connection)
    click.echo("there are sentiment_owner, sentiment_job and sentiment_page")


@click.command("generate")
@click.option("--out", metavar="FILE|URI", help="a .ndjson, .csv or .parquet file, or s3://bucket/key")
@click.option("--live", is_flag=True, help="insert fresh scores into the database until stopped")
@click.option("--words", is_flag=True, help="messages instead of scores; with --live they are scored as they come")
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0))
@click.option("--symbols", default=1_000, show_default=True, type=click.IntRange(1, MOST_SYMBOLS))
@click.option("--messages", default=100_000, show_default=True, type=click.IntRange(1, 10**12))
@click.option("--minutes", default=180, show_default=True, type=click.IntRange(1, _TEN_YEARS))
@click.option("--start", type=UtcTime(), help="by default the stream ends now")
@click.option("--out-of-order-seconds", default=30.0, show_default=True, type=Quantity(0, _A_YEAR))
@click.option("--late-share", default=0.01, show_default=True, type=Quantity(0, 1))
@click.option("--late-seconds", default=3_600.0, show_default=True, type=Quantity(0, _A_YEAR))
@click.option("--duplicate-share", default=0.01, show_default=True, type=Quantity(0, 1))
@click.option("--broken-share", default=0.001, show_default=True, type=Quantity(0, 1))
@click.option(
    "--rate", default=50.0, show_default=True, type=Quantity(0.001, 1e6), help="with --live: messages a second"
)
def generate_command(
    *, out: str | None, live: bool, words: bool, rate: float, start: datetime | None, minutes: int, **shape: float
) -> None:
    """Make a stream of scores or of messages, deterministic by seed: a file of them, or live."""
    if live == (out is not None):
        raise click.UsageError("give either --out or --live")
    if out is None:
        with database() as connection:
            insert = insert_live_messages if words else insert_live
            insert(connection, seed=int(shape["seed"]), symbols=int(shape["symbols"]), rate=rate)
        return
    begin = start or datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=minutes)
    settings = StreamSettings(start=begin, minutes=minutes, **shape)  # type: ignore[arg-type] # click has checked them
    if words:
        click.echo(f"{out}: {write_to(out, messages_of_stream(settings), Message._fields):,} messages")
    else:
        click.echo(f"{out}: {write_to(out, deliveries(settings), FIELDS):,} deliveries")


@click.command("load")
@click.argument("uri", metavar="PATH|URI")
def load_command(uri: str) -> None:
    """Load scores from a CSV, NDJSON or Parquet file, or from all such files in a directory or under s3://.

    CSV and NDJSON may be compressed (.gz, .zst). A record that cannot be counted is rejected alone; a file that cannot
    be read is set aside, the others load, and the exit code is 65.
    """
    total, set_aside = LoadReport(), []
    files = files_at(uri)
    with database() as connection:
        for file in files:
            report, fault = load_file(connection, file)
            total.add(report)
            click.echo(f"{file.name}: {report}{f'; set aside: {fault}' if fault else ''}")
            if fault:
                set_aside.append(f"{file.name}: {fault}")
    click.echo(f"in all: {total}")
    report_set_aside(set_aside, len(files))


@click.command("companies")
@click.argument("path", type=click.Path(path_type=Path))
def companies_command(path: Path) -> None:
    """Give tickers the names of their companies, from a CSV file with the header symbol,name."""
    with database() as connection:
        click.echo(f"{name_companies(connection, path):,} tickers have a name")


@click.command("prune")
@click.option("--days", type=click.IntRange(1), help="days kept [default: SENTIMENT_RETENTION_DAYS or 30]")
@click.option("--text-days", type=click.IntRange(1), help="of texts [default: SENTIMENT_TEXT_RETENTION_DAYS or 7]")
def prune_command(days: int | None, text_days: int | None) -> None:
    """Drop raw scores, and messages' texts, older than their retentions; the minutes stay."""
    settings = load_settings(RetentionSettings, retention_days=days, text_retention_days=text_days)
    with database() as connection:
        click.echo(prune(connection, timedelta(days=settings.retention_days)))
        texts = forget_messages(connection, timedelta(days=settings.text_retention_days))
        click.echo(f"{texts:,} messages' texts forgotten")


@click.command("export")
@click.option("--from", "start", type=UtcTime(), help="first event time, inclusive [default: the last complete day]")
@click.option("--to", "end", type=UtcTime(), help="last event time, exclusive")
def export_command(start: datetime | None, end: datetime | None) -> None:
    """Publish aggregated minutes as Parquet in the store (STORE_URI)."""
    if (start is None) != (end is None):
        raise click.UsageError("give both --from and --to, or neither")
    store = open_store(load_settings(StoreSettings).store_uri)
    with database() as connection:
        first, last = minute_range(start, end) if start and end else last_complete_day(connection)
        manifest = export_minutes(connection, store, first, last)
    click.echo(f"{store.uri}: {manifest.run}, {manifest.metadata['rows']:,} rows")
