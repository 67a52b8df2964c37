"""`generate`: a stream to try on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import click

from common.commands import Command
from sentiment_minibatch.commands.options import Quantity, UtcTime, database
from sentiment_minibatch.tickers import MOST_SYMBOLS

_TEN_YEARS = 10 * 366 * 24 * 60
_A_YEAR = 366 * 24 * 3_600


@click.command("generate", cls=Command)
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
def command(
    *, out: str | None, live: bool, words: bool, rate: float, start: datetime | None, minutes: int, **shape: float
) -> None:
    """Make a stream of scores or of messages, deterministic by seed: a file of them, or live."""
    from sentiment_minibatch.files.output import write_to
    from sentiment_minibatch.generator import StreamSettings, deliveries
    from sentiment_minibatch.generator_messages import messages as messages_of_stream
    from sentiment_minibatch.scores import Delivery
    from sentiment_minibatch.scoring.message import Message

    if live == (out is not None):
        raise click.UsageError("give either --out or --live")
    if out is None:
        from sentiment_minibatch.live import insert_live, insert_live_messages

        with database() as connection:
            insert = insert_live_messages if words else insert_live
            insert(connection, seed=int(shape["seed"]), symbols=int(shape["symbols"]), rate=rate)
        return
    begin = start or datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=minutes)
    settings = StreamSettings(start=begin, minutes=minutes, **shape)  # type: ignore[arg-type] # click has checked them
    if words:
        click.echo(f"{out}: {write_to(out, messages_of_stream(settings), Message._fields):,} messages")
    else:
        click.echo(f"{out}: {write_to(out, deliveries(settings), Delivery._fields):,} deliveries")
