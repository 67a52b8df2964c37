"""The commands of the streaming product."""

from __future__ import annotations

import time
from pathlib import Path

import boto3
import click
from rich.console import Console

from common.postgres import connect, database_url
from common.storage import open_store
from sentiment_minibatch.schema import check_schema
from sentiment_minibatch.score_files import deliveries_at
from sentiment_minibatch.streaming.application import package_application, package_function
from sentiment_minibatch.streaming.demo import run_demo
from sentiment_minibatch.streaming.destinations import KinesisStream
from sentiment_minibatch.streaming.minutes import read_stream
from sentiment_minibatch.streaming.producer import produce
from sentiment_minibatch.streaming.redrive import redrive_batches, redrive_rejected


@click.group()
def main() -> None:
    """Compute the minutes of the sentiment index as the scores arrive."""


@main.command("demo")
@click.option("--minutes", type=click.FloatRange(min=0), envvar="STREAM_DEMO_MINUTES", help="[default: until Ctrl-C]")
@click.option("--rate", default=50.0, show_default=True, type=click.FloatRange(min=0.1), help="messages a second")
@click.option("--symbols", default=100, show_default=True, type=click.IntRange(1))
@click.option("--port", default=8082, show_default=True, help="of the page")
def demo_command(*, minutes: float | None, rate: float, symbols: int, port: int) -> None:
    """Run the whole pipeline on this machine, live."""
    run_demo(Console(), minutes=minutes, rate=rate, symbols=symbols, port=port)


@main.command("produce")
@click.argument("uri", metavar="PATH|URI")
@click.option("--stream", default="raw-sentiment", show_default=True)
def produce_command(uri: str, stream: str) -> None:
    """Put the scores of files into the raw stream."""
    destination = KinesisStream(boto3.client("kinesis"), stream)
    for source, deliveries in deliveries_at(uri):
        click.echo(f"{source}: {produce(destination, deliveries):,} records")


@main.command("redrive")
@click.option("--batches", metavar="URI", help="what Lambda put aside: s3://<data bucket>/aws/lambda")
@click.option("--rejected", metavar="URL", help="the queue of rejected deliveries")
@click.option("--stream", default="raw-sentiment", show_default=True)
def redrive_command(batches: str | None, rejected: str | None, stream: str) -> None:
    """Bring back what was put aside, into the raw stream, once its cause is mended."""
    if batches is None and rejected is None:
        raise click.UsageError("give --batches, --rejected or both")
    destination = KinesisStream(boto3.client("kinesis"), stream)
    if batches is not None:
        click.echo(f"{batches}: {redrive_batches(open_store(batches), destination):,} records")
    if rejected is not None:
        click.echo(f"{rejected}: {redrive_rejected(boto3.client('sqs'), rejected, destination):,} records")


@main.command("read-minutes")
@click.argument("uris", metavar="PATH|URI…", nargs=-1, required=True)
@click.option("--follow", is_flag=True, help="go on every five seconds, until stopped")
def read_minutes_command(uris: tuple[str, ...], follow: bool) -> None:
    """Bring the database's minutes up to date with what Firehose delivered, such as s3://bucket/sentiment/stream."""
    stores = [open_store(uri) for uri in uris]
    with connect(database_url(), autocommit=True) as connection:
        check_schema(connection)
        while True:
            for uri, store in zip(uris, stores, strict=True):
                click.echo(f"{uri}: {read_stream(connection, store)}")
            if not follow:
                return
            time.sleep(5)


@main.command("package")
@click.option("--connectors", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path))
def package_command(connectors: Path, out: Path) -> None:
    """Make the zip file of the Flink application, with the jar of its connectors."""
    package_application(connectors, out)
    click.echo(out)


@main.command("package-function")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path))
def package_function_command(out: Path) -> None:
    """Make the zip file of the preprocessing Lambda function."""
    package_function(out)
    click.echo(out)
