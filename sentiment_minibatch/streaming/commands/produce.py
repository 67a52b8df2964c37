"""`produce`: records into the raw stream."""

from __future__ import annotations

import click

from common.commands import Command


@click.command("produce", cls=Command)
@click.argument("uri", metavar="PATH|URI")
@click.option("--stream", default="raw-sentiment", show_default=True)
@click.option("--messages", is_flag=True, help="the files hold messages, which the function scores")
def command(uri: str, stream: str, messages: bool) -> None:
    """Put the scores of files, or messages, into the raw stream."""
    import boto3

    from sentiment_minibatch.score_files import deliveries_at
    from sentiment_minibatch.scoring.message_files import messages_at
    from sentiment_minibatch.streaming.destinations import KinesisStream
    from sentiment_minibatch.streaming.producer import produce, produce_messages

    destination = KinesisStream(boto3.client("kinesis"), stream)
    if messages:
        for source, of_file in messages_at(uri):
            click.echo(f"{source}: {produce_messages(destination, of_file):,} records")
        return
    for source, deliveries in deliveries_at(uri):
        click.echo(f"{source}: {produce(destination, deliveries):,} records")
