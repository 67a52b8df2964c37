"""`evaluate-scorer`: how good a model is."""

from __future__ import annotations

import json
from pathlib import Path

import click

from common.commands import Command
from sentiment_minibatch.commands.scorers import scorer_option


@click.command("evaluate-scorer", cls=Command)
@click.argument("uri", metavar="PATH|URI")
@click.option("--json", "as_json", is_flag=True, help="as one JSON object")
@click.option("--mistakes", "wrong", default=0, type=click.IntRange(0), help="print so many of the worst mistakes")
@scorer_option
def command(uri: str, as_json: bool, wrong: int, directory: Path) -> None:
    """Measure a scorer on messages with text and label, beside VADER and FinVADER's lists if those are installed."""
    import numpy as np

    from common.progress import track
    from sentiment_minibatch.scoring.artifact import load_scorer, trained_on
    from sentiment_minibatch.scoring.evaluation import evaluate_scorer, mistakes
    from sentiment_minibatch.scoring.labelled import read_labelled
    from sentiment_minibatch.scoring.measures import roc_auc_interval
    from sentiment_minibatch.scoring.peers import peers
    from sentiment_minibatch.scoring.show import show_evaluation

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
