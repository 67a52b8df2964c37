"""`tune`: the search for hyperparameters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from common.commands import Command
from image_classifier.commands.options import FILE, hyperparameter_options


@click.command("tune", cls=Command)
@click.option("--data", required=True, help="a folder or s3://bucket/prefix, as for train")
@click.option("--study", type=FILE, required=True, help="SQLite file of the search")
@click.option("--best", type=FILE, required=True, help="the best hyperparameters.json")
@click.option("--trials", type=click.IntRange(min=1), default=20, show_default=True)
@click.option("--hyperparameters", type=FILE, help="where the search starts")
@hyperparameter_options
def command(data: str, study: Path, best: Path, trials: int, hyperparameters: Path | None, **given: Any) -> None:
    """Search hyperparameters by cross-validation; called again with the same study, go on (training environment)."""
    from image_classifier.training.hyperparameters import read_hyperparameters
    from image_classifier.training.run import training_environment
    from image_classifier.training.source import local_folder

    chosen = read_hyperparameters(hyperparameters, given)
    with training_environment():
        from image_classifier.training.tuning import tune

    with local_folder(data) as folder:
        found = tune(folder, study, best, trials, chosen)
    click.echo(f"best in {best}: {found.model_dump_json()}")
