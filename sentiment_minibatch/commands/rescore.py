"""`rescore`: another model's scores."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from common.commands import Command
from sentiment_minibatch.commands.options import UtcTime, database
from sentiment_minibatch.commands.scorers import report_batches, scorer_option


@click.command("rescore", cls=Command)
@click.option("--from", "start", type=UtcTime(), help="first event time, inclusive [default: all]")
@click.option("--to", "end", type=UtcTime(), help="last event time, exclusive [default: all]")
@scorer_option
def command(start: datetime | None, end: datetime | None, directory: Path) -> None:
    """Score again what another version of the model has scored; `aggregate` then redoes the minutes that so change.

    It reaches as far back as texts are kept. Killed and run again it goes on where it was.
    """
    from sentiment_minibatch.scoring.artifact import load_scorer
    from sentiment_minibatch.scoring.database import FIRST, LAST, score_waiting

    scorer = load_scorer(directory)
    with database() as connection:
        report_batches(
            score_waiting(connection, scorer, again=True, start=start or FIRST, end=end or LAST), scorer, quiet=False
        )
