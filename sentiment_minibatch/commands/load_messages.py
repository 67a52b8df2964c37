"""`load-messages`: messages of files."""

from __future__ import annotations

import click

from common.commands import Command
from sentiment_minibatch.commands.options import database, report_set_aside
from sentiment_minibatch.commands.scorers import say_reasons


@click.command("load-messages", cls=Command)
@click.argument("uri", metavar="PATH|URI")
def command(uri: str) -> None:
    """Bring messages into the table `message`, where `score-messages` finds them; running it again changes nothing."""
    from sentiment_minibatch.files.inputs import files_at
    from sentiment_minibatch.files.records import UnreadableFileError
    from sentiment_minibatch.scoring.database import deliver_messages
    from sentiment_minibatch.scoring.message_files import messages_in
    from sentiment_minibatch.scoring.score_messages import ScoringReport

    report, set_aside = ScoringReport(), []
    files = files_at(uri)
    with database() as connection:
        for file in files:
            try:
                new = deliver_messages(connection, messages_in(file, report.skip), report)
                click.echo(f"{file.name}: {new:,} new messages")
            except UnreadableFileError as error:
                set_aside.append(f"{file.name}: {error}")
    say_reasons(report)
    report_set_aside(set_aside, len(files))
