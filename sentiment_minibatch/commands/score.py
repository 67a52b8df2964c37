"""`score`: from words to scores, in files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from common.commands import Command
from sentiment_minibatch.commands.options import report_set_aside
from sentiment_minibatch.commands.scorers import say_reasons, scorer_option


@click.command("score", cls=Command)
@click.argument("uri", metavar="PATH|URI")
@click.option("--out", metavar="FILE|URI", required=True, help="a .ndjson, .csv or .parquet file, or s3://bucket/key")
@scorer_option
def command(uri: str, out: str, directory: Path) -> None:
    """Score messages: CSV, NDJSON or Parquet with message_id, created_at, text and perhaps label.

    PATH is a file, or a directory or s3:// address of such files; CSV and NDJSON may be compressed (.gz, .zst). OUT has
    what `load` reads. An author's own mark in `label`, bullish or bearish, is the score; what the model makes of the
    words stands beside it. A file that cannot be read is set aside, the others are scored, and the exit code is 65.
    """
    from common.progress import track
    from sentiment_minibatch.files.inputs import files_at
    from sentiment_minibatch.files.output import write_to
    from sentiment_minibatch.files.records import UnreadableFileError
    from sentiment_minibatch.scoring.artifact import load_scorer
    from sentiment_minibatch.scoring.message import TickerScore
    from sentiment_minibatch.scoring.message_files import messages_in
    from sentiment_minibatch.scoring.score_messages import ScoringReport, score_messages

    scorer = load_scorer(directory)
    report = ScoringReport()

    files, set_aside = files_at(uri), []

    def scores() -> Iterator[TickerScore]:
        for file in files:
            try:
                yield from score_messages(track(messages_in(file, report.skip), "messages"), scorer, report)
            except UnreadableFileError as error:
                set_aside.append(f"{file.name}: {error}")
        if len(set_aside) == len(files):
            report_set_aside(set_aside, len(files))  # before an empty OUT takes the place of another

    write_to(out, scores(), fields=TickerScore._fields)
    say_reasons(report)
    click.echo(f"{out}: {report}, by scorer {scorer.version}")
    report_set_aside(set_aside, len(files))
