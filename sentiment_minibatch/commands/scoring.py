"""Commands about scoring: score, explain-score, train-scorer, evaluate-scorer."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import click
import numpy as np

from common.errors import ConfigurationError
from common.progress import track
from sentiment_minibatch.commands.options import UtcTime, database, report_set_aside
from sentiment_minibatch.files.inputs import files_at
from sentiment_minibatch.files.output import write_to
from sentiment_minibatch.files.records import UnreadableFileError
from sentiment_minibatch.scoring.artifact import SHIPPED, load_scorer, trained_on
from sentiment_minibatch.scoring.database import FIRST, LAST, deliver_messages, score_waiting
from sentiment_minibatch.scoring.evaluation import evaluate_scorer, mistakes
from sentiment_minibatch.scoring.explain import explain
from sentiment_minibatch.scoring.labelled import read_labelled
from sentiment_minibatch.scoring.measures import roc_auc_interval
from sentiment_minibatch.scoring.message import TickerScore
from sentiment_minibatch.scoring.message_files import messages_in
from sentiment_minibatch.scoring.peers import peers
from sentiment_minibatch.scoring.score_messages import ScoringReport, score_messages
from sentiment_minibatch.scoring.scorer import Scorer
from sentiment_minibatch.scoring.show import show_evaluation, show_explanation

_SECONDS_BETWEEN_LOOKS = 2.0

_scorer = click.option(
    "--scorer",
    "directory",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=SHIPPED,
    help="the artifact to use [default: the one that ships]",
)


@click.command("score")
@click.argument("uri", metavar="PATH|URI")
@click.option("--out", metavar="FILE|URI", required=True, help="a .ndjson, .csv or .parquet file, or s3://bucket/key")
@_scorer
def score_command(uri: str, out: str, directory: Path) -> None:
    """Score messages: CSV, NDJSON or Parquet with message_id, created_at, text and perhaps label.

    PATH is a file, or a directory or s3:// address of such files; CSV and NDJSON may be compressed (.gz, .zst). OUT has
    what `load` reads. An author's own mark in `label`, bullish or bearish, is the score; what the model makes of the
    words stands beside it. A file that cannot be read is set aside, the others are scored, and the exit code is 65.
    """
    scorer = load_scorer(directory)
    report = ScoringReport()

    files, set_aside = files_at(uri), []

    def scores() -> Iterator[TickerScore]:
        for file in files:
            try:
                yield from score_messages(track(messages_in(file, report.skip), "messages"), scorer, report)
            except UnreadableFileError as error:
                set_aside.append(f"{file.name}: {error}")

    write_to(out, scores(), fields=TickerScore._fields)
    _say_reasons(report)
    click.echo(f"{out}: {report}, by scorer {scorer.version}")
    report_set_aside(set_aside, len(files))


@click.command("explain-score")
@click.argument("text")
@click.option("--json", "as_json", is_flag=True, help="as one JSON object")
@_scorer
def explain_score_command(text: str, as_json: bool, directory: Path) -> None:
    """Say which words make a message's score, and for how much each speaks."""
    scorer = load_scorer(directory)
    explanation = explain(text, scorer)
    if as_json:
        parts = [part._asdict() for part in explanation.contributions]
        click.echo(json.dumps({**explanation._asdict(), "contributions": parts, "model": scorer.version}))
    else:
        show_explanation(explanation, scorer.version)


@click.command("train-scorer")
@click.argument("uri", metavar="PATH|URI")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="the directory of the artifact")
@click.option("--seed", default=1, show_default=True)
def train_scorer_command(uri: str, out: Path, seed: int) -> None:
    """Train a scorer on messages (CSV, NDJSON or Parquet) with text and label: bullish or bearish."""
    try:
        from sentiment_minibatch.scoring.training.command import train_artifact  # noqa: PLC0415 (not at run time)
    except ModuleNotFoundError as error:
        raise ConfigurationError(f"training needs {error.name}, which `make install` brings") from None
    messages = read_labelled(uri)
    click.echo(f"{uri}: {len(messages.texts):,} different messages, {messages.base_rate:.0%} bullish")
    scorer = train_artifact(messages, out, seed, say=lambda line: click.echo(line, err=True))
    click.echo(f"{out}: scorer {scorer.version}")


@click.command("evaluate-scorer")
@click.argument("uri", metavar="PATH|URI")
@click.option("--json", "as_json", is_flag=True, help="as one JSON object")
@click.option("--mistakes", "wrong", default=0, type=click.IntRange(0), help="print so many of the worst mistakes")
@_scorer
def evaluate_scorer_command(uri: str, as_json: bool, wrong: int, directory: Path) -> None:
    """Measure a scorer on messages with text and label, beside VADER and FinVADER's lists if those are installed."""
    scorer = load_scorer(directory)
    messages = read_labelled(uri, fewest=1)
    if trained_on(directory) == messages.sha256:
        click.echo("these are the messages it was trained on; artifact.json has figures of held-out ones", err=True)
    evaluation = evaluate_scorer(scorer, messages)
    others = {
        name: roc_auc_interval(np.array([score(text) for text in track(messages.texts, name)]), messages.bullish)
        for name, score in peers()
    }
    if as_json:
        click.echo(json.dumps({**evaluation._asdict(), "peers": others}))
    else:
        show_evaluation(evaluation, others)
    for odds, text in mistakes(scorer, messages, wrong):
        click.echo(f"{odds:+.2f}  {text!r}")


@click.command("load-messages")
@click.argument("uri", metavar="PATH|URI")
def load_messages_command(uri: str) -> None:
    """Bring messages into the table `message`, where `score-messages` finds them; running it again changes nothing."""
    report, set_aside = ScoringReport(), []
    files = files_at(uri)
    with database() as connection:
        for file in files:
            try:
                new = deliver_messages(connection, messages_in(file, report.skip), report)
                click.echo(f"{file.name}: {new:,} new messages")
            except UnreadableFileError as error:
                set_aside.append(f"{file.name}: {error}")
    _say_reasons(report)
    report_set_aside(set_aside, len(files))


@click.command("score-messages")
@click.option("--follow", is_flag=True, help="go on with what comes in, until stopped")
@_scorer
def score_messages_command(follow: bool, directory: Path) -> None:
    """Score the messages in the database that wait. Several runs share the work; `aggregate` waits for none of them."""
    scorer = load_scorer(directory)
    while True:
        with database() as connection:
            _score(score_waiting(connection, scorer), scorer, quiet=follow)
        if not follow:
            return
        time.sleep(_SECONDS_BETWEEN_LOOKS)


@click.command("rescore")
@click.option("--from", "start", type=UtcTime(), default=FIRST, help="first event time, inclusive [default: all]")
@click.option("--to", "end", type=UtcTime(), default=LAST, help="last event time, exclusive [default: all]")
@_scorer
def rescore_command(start: datetime, end: datetime, directory: Path) -> None:
    """Score again what another version of the model has scored; `aggregate` then redoes the minutes that so change.

    It reaches as far back as texts are kept. Killed and run again it goes on where it was.
    """
    scorer = load_scorer(directory)
    with database() as connection:
        _score(score_waiting(connection, scorer, again=True, start=start, end=end), scorer, quiet=False)


def _score(batches: Iterator[ScoringReport], scorer: Scorer, *, quiet: bool) -> None:
    total = ScoringReport()
    for report in track(batches, "batches"):
        total.add(report)
    _say_reasons(total)
    if total.messages or not quiet:
        click.echo(f"{total}, by scorer {scorer.version}")


def _say_reasons(report: ScoringReport) -> None:
    for reason, count in report.reasons.most_common():
        click.echo(f"{count:,} without a score: {reason} (first: {report.first_place[reason]})", err=True)
