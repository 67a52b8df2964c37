"""`evaluate`: an artifact on labelled images."""

from __future__ import annotations

from pathlib import Path

import click

from common.commands import Command
from image_classifier.commands.options import FOLDER, artifact_option


@click.command("evaluate", cls=Command)
@click.argument("folder", type=FOLDER)
@artifact_option
def command(folder: Path, artifact: Path) -> None:
    """Measure an artifact on FOLDER/{chart,meme} and name its errors."""
    from rich.console import Console
    from rich.table import Table

    from image_classifier.artifact import load_artifact
    from image_classifier.evaluate import evaluate

    evaluation = evaluate(load_artifact(artifact), folder)
    figures = Table("figure", "value")
    for name, value in evaluation.figures.items():
        figures.add_row(name, f"{value:.4f}" if isinstance(value, float) else str(value))
    Console().print(figures)
    for example, probability in evaluation.errors:
        click.echo(f"{example.path} is a {example.label}: P(chart) {probability:.3f}")
