"""`explain-score`: the words behind a score."""

from __future__ import annotations

import json
from pathlib import Path

import click

from common.commands import Command
from sentiment_minibatch.commands.scorers import scorer_option


@click.command("explain-score", cls=Command)
@click.argument("text")
@click.option("--json", "as_json", is_flag=True, help="as one JSON object")
@scorer_option
def command(text: str, as_json: bool, directory: Path) -> None:
    """Say which words make a message's score, and for how much each speaks."""
    from sentiment_minibatch.scoring.artifact import load_scorer
    from sentiment_minibatch.scoring.explain import explain
    from sentiment_minibatch.scoring.show import show_explanation

    scorer = load_scorer(directory)
    explanation = explain(text, scorer)
    if as_json:
        parts = [part._asdict() for part in explanation.contributions]
        click.echo(json.dumps({**explanation._asdict(), "contributions": parts, "model": scorer.version}))
    else:
        show_explanation(explanation, scorer.version)
