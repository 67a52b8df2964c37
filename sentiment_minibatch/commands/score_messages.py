"""`score-messages`: from words to scores, in the database."""

from __future__ import annotations

import time
from pathlib import Path

import click

from common.commands import Command
from sentiment_minibatch.commands.options import database
from sentiment_minibatch.commands.scorers import report_batches, scorer_option

_SECONDS_BETWEEN_LOOKS = 2.0


@click.command("score-messages", cls=Command)
@click.option("--follow", is_flag=True, help="go on with what comes in, until stopped")
@scorer_option
def command(follow: bool, directory: Path) -> None:
    """Score the messages in the database that wait. Several runs share the work; `aggregate` waits for none of them."""
    from sentiment_minibatch.scoring.artifact import load_scorer
    from sentiment_minibatch.scoring.database import score_waiting

    scorer = load_scorer(directory)
    while True:
        with database() as connection:
            report_batches(score_waiting(connection, scorer), scorer, quiet=follow)
        if not follow:
            return
        time.sleep(_SECONDS_BETWEEN_LOOKS)
