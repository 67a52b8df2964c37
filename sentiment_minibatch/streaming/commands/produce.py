"""`produce`: records into the raw stream."""

from __future__ import annotations

import click

from common.commands import Command
from sentiment_minibatch.commands.options import report_set_aside


@click.command("produce", cls=Command)
@click.argument("uri", metavar="PATH|URI")
@click.option("--stream", default="raw-sentiment", show_default=True)
@click.option("--messages", is_flag=True, help="the files hold messages, which the function scores")
def command(uri: str, stream: str, messages: bool) -> None:
    """Put the scores of files, or messages, into the raw stream."""
    import boto3

    from sentiment_minibatch.deliveries import deliveries_in
    from sentiment_minibatch.files.inputs import files_at
    from sentiment_minibatch.files.records import UnreadableFileError
    from sentiment_minibatch.scoring.message_files import messages_in
    from sentiment_minibatch.streaming.destinations import KinesisStream
    from sentiment_minibatch.streaming.producer import produce, produce_messages

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
