"""`train-scorer`: a model of one's own."""

from __future__ import annotations

from pathlib import Path

import click

from common.commands import Command
from common.errors import ConfigurationError


@click.command("train-scorer", cls=Command)
@click.argument("uri", metavar="PATH|URI")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="the directory of the artifact")
@click.option("--seed", default=1, show_default=True)
def command(uri: str, out: Path, seed: int) -> None:
    """Train a scorer on messages (CSV, NDJSON or Parquet) with text and label: bullish or bearish."""
    from sentiment_minibatch.scoring.labelled import read_labelled

    try:
        from sentiment_minibatch.scoring.training.command import train_artifact
    except ModuleNotFoundError as error:
        raise ConfigurationError(f"training needs {error.name}, which `make install` brings") from None
    messages = read_labelled(uri)
    click.echo(f"{uri}: {len(messages.texts):,} different messages, {messages.base_rate:.0%} bullish")
    scorer = train_artifact(messages, out, seed, say=lambda line: click.echo(line, err=True))
    click.echo(f"{out}: scorer {scorer.version}")
