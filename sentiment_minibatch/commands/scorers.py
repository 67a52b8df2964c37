"""What the commands that score share: which scorer, and what is said at the end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sentiment_minibatch.scoring.artifact import SHIPPED

if TYPE_CHECKING:
    from sentiment_minibatch.scoring.score_messages import ScoringReport
    from sentiment_minibatch.scoring.scorer import Scorer

scorer_option = click.option(
    "--scorer",
    "directory",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=SHIPPED,
    help="the artifact to use [default: the one that ships]",
)


def report_batches(batches: Iterator[ScoringReport], scorer: Scorer, *, quiet: bool) -> None:
    """Score batch after batch and say what came of it, if it was anything or not to be `quiet`."""
    from common.progress import track
    from sentiment_minibatch.scoring.score_messages import ScoringReport

    total = ScoringReport()
    for report in track(batches, "batches"):
        total.add(report)
    say_reasons(total)
    if total.messages or not quiet:
        click.echo(f"{total}, by scorer {scorer.version}")


def say_reasons(report: ScoringReport) -> None:
    """Say why messages have no score, on standard error."""
    for reason, count in report.reasons.most_common():
        click.echo(f"{count:,} without a score: {reason} (first: {report.first_place[reason]})", err=True)
