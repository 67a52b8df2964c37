"""`redrive`: what was put aside."""

from __future__ import annotations

import click

from common.commands import Command


@click.command("redrive", cls=Command)
@click.option("--batches", metavar="URI", help="what Lambda put aside: s3://<data bucket>/aws/lambda")
@click.option("--rejected", metavar="URL", help="the queue of rejected deliveries")
@click.option("--stream", default="raw-sentiment", show_default=True)
def command(batches: str | None, rejected: str | None, stream: str) -> None:
    """Bring back what was put aside, into the raw stream, once its cause is mended."""
    import boto3

    from common.storage import open_store
    from sentiment_minibatch.streaming.destinations import KinesisStream
    from sentiment_minibatch.streaming.redrive import redrive_batches, redrive_rejected

    if batches is None and rejected is None:
        raise click.UsageError("give --batches, --rejected or both")
    destination = KinesisStream(boto3.client("kinesis"), stream)
    if batches is not None:
        click.echo(f"{batches}: {redrive_batches(open_store(batches), destination):,} records")
    if rejected is not None:
        click.echo(f"{rejected}: {redrive_rejected(boto3.client('sqs'), rejected, destination):,} records")
