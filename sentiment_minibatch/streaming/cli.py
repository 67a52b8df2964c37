"""The commands of the streaming product."""

from __future__ import annotations

import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

import boto3
import click
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from common.errors import DataError, UnavailableError
from common.settings import load_settings
from common.storage import open_store
from sentiment_minibatch.commands.options import UtcTime, database, report_set_aside
from sentiment_minibatch.deliveries import deliveries_in
from sentiment_minibatch.files.inputs import files_at
from sentiment_minibatch.files.records import UnreadableFileError
from sentiment_minibatch.scoring.message_files import messages_in
from sentiment_minibatch.settings import RetentionSettings
from sentiment_minibatch.streaming.application import package_application, package_function
from sentiment_minibatch.streaming.archive import rebuild
from sentiment_minibatch.streaming.demo import run_demo
from sentiment_minibatch.streaming.destinations import KinesisStream
from sentiment_minibatch.streaming.follow import follow
from sentiment_minibatch.streaming.metrics import Progress, serve_progress
from sentiment_minibatch.streaming.producer import produce, produce_messages
from sentiment_minibatch.streaming.reader import RevisionReader, only_reader
from sentiment_minibatch.streaming.redrive import redrive_batches, redrive_rejected
from sentiment_minibatch.streaming.revisions import Merged


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
@click.option("--messages", is_flag=True, help="the files hold messages, which the function scores")
def produce_command(uri: str, stream: str, messages: bool) -> None:
    """Put the scores of files, or messages, into the raw stream."""
    destination = KinesisStream(boto3.client("kinesis"), stream)
    files, set_aside = files_at(uri), []
    for file in files:
        try:
            if messages:
                count = produce_messages(destination, (message for _, message in messages_in(file, _say_unread)))
            else:
                count = produce(destination, deliveries_in(file))
            click.echo(f"{file.name}: {count:,} records")
        except UnreadableFileError as error:
            set_aside.append(f"{file.name}: {error}")
    report_set_aside(set_aside, len(files))


def _say_unread(reason: str, place: str) -> None:
    click.echo(f"{place}: {reason}", err=True)


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


@main.command("follow")
@click.option("--stream", default="sentiment-revisions", show_default=True, envvar="REVISION_STREAM", show_envvar=True)
@click.option("--host", envvar="SERVE_HOST", default="127.0.0.1", show_default=True, show_envvar=True)
@click.option("--port", default=8083, show_default=True, help="of /healthz and /metrics")
@click.option("--retention-days", type=click.IntRange(1), help="[default: SENTIMENT_RETENTION_DAYS or 30]")
def follow_command(*, stream: str, host: str, port: int, retention_days: int | None) -> None:
    """Bring the database's minutes up to date with the stream of revisions, until stopped.

    It goes on where it stopped. Of several that run, one reads and the others wait.
    """
    retention = timedelta(days=load_settings(RetentionSettings, retention_days=retention_days).retention_days)
    stopped = Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    progress = Progress()
    server = serve_progress(progress, host, port)
    try:
        with database() as connection, only_reader(connection):
            reader = RevisionReader(boto3.client("kinesis"), stream, connection)
            follow(reader, connection, progress, retention, lambda: not stopped.is_set())
    except (BotoCoreError, ClientError) as error:
        raise UnavailableError(f"the stream {stream} broke off ({error}); nothing is lost, run it again") from None
    finally:
        server.shutdown()


@main.command("rebuild")
@click.argument("uri", metavar="PATH|URI")
@click.option("--from", "start", type=UtcTime(), help="first hour of delivery [default: two days ago]")
@click.option("--to", "end", type=UtcTime(), help="[default: now]")
def rebuild_command(uri: str, start: datetime | None, end: datetime | None) -> None:
    """Rebuild the database's minutes from the archive of revisions, such as s3://bucket/sentiment/stream/revisions."""
    end = end or datetime.now(UTC)
    total = Merged()
    with database() as connection:
        for key, merged in rebuild(connection, open_store(uri), start or end - timedelta(days=2), end):
            click.echo(f"{key}: {merged}")
            total.add(merged)
    click.echo(f"in all: {total}")
    if total.unreadable:
        raise DataError(f"{total.unreadable:,} lines are no revisions and were left out; the log names them")


@main.command("package")
@click.option("--jar", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path))
def package_command(jar: Path, out: Path) -> None:
    """Make the zip file of the Flink application, with the jar of its operator and connectors."""
    package_application(jar, out)
    click.echo(out)


@main.command("package-function")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path))
def package_function_command(out: Path) -> None:
    """Make the zip file of the preprocessing Lambda function."""
    package_function(out)
    click.echo(out)
