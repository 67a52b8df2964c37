"""`load-messages`: messages of files."""

from __future__ import annotations

import click

from common.commands import Command
from sentiment_minibatch.commands.options import database
from sentiment_minibatch.commands.scorers import say_reasons


@click.command("load-messages", cls=Command)
@click.argument("uri", metavar="PATH|URI")
def command(uri: str) -> None:
    """Bring messages into the table `message`, where `score-messages` finds them; running it again changes nothing."""
    from sentiment_minibatch.scoring.database import deliver_messages
    from sentiment_minibatch.scoring.message_files import messages_at
    from sentiment_minibatch.scoring.score_messages import ScoringReport

    report = ScoringReport()
    with database() as connection:
        for source, messages in messages_at(uri):
            new = deliver_messages(connection, messages, source, report)
            click.echo(f"{source}: {new:,} new messages")
    say_reasons(report)
