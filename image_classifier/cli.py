"""The commands of `python -m image_classifier`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Column, Table

from common.errors import ApplicationError
from image_classifier.artifact import SHIPPED, load_artifact
from image_classifier.learning.cli import COMMANDS
from image_classifier.sagemaker_cli import commands as sagemaker_commands
from image_classifier.training.hyperparameters import Hyperparameters, read_hyperparameters

FOLDER = click.Path(path_type=Path, file_okay=False)


@click.group()
def main() -> None:
    """Tell price charts from memes: draw pictures, train, predict, serve."""


main.add_command(sagemaker_commands)
for _command in COMMANDS:
    main.add_command(_command)


@main.command()
@click.option("--out", type=FOLDER, required=True, help="a new folder")
@click.option("--count", type=click.IntRange(min=10), default=2000, show_default=True, help="images in all")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True)
def generate(out: Path, count: int, seed: int) -> None:
    """Draw labelled images: OUT/{train,val}/{chart,meme}/*.png."""
    from image_classifier.generate import generate_folder

    generate_folder(out, count, seed)
    click.echo(f"{count} images in {out}")


@main.command()
@click.argument("images", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--artifact", type=FOLDER, default=SHIPPED, help="by default the one that ships")
@click.option("--json", "as_json", is_flag=True, help="print one JSON object a line instead of a table")
def predict(images: tuple[Path, ...], artifact: Path, as_json: bool) -> None:
    """Classify image files; exit code 66 if one is missing, 65 if one is no image (the others are answered)."""
    from image_classifier.predict import as_object, as_row, predict_files

    table = Table(Column("image", overflow="fold"), "class", "probability", "note")
    codes = {0}
    for path, answer in predict_files(images, load_artifact(artifact)):
        if isinstance(answer, ApplicationError):
            codes.add(answer.exit_code)
        if as_json:
            click.echo(json.dumps(as_object(path, answer)))
        else:
            table.add_row(*as_row(path, answer))
    if not as_json:
        Console().print(table)
    raise SystemExit(max(codes))


@main.command()
@click.option("--host", help="SERVE_HOST [default: 127.0.0.1]")
@click.option("--port", type=int, help="SERVE_PORT [default: 8080]")
@click.option("--workers", type=int, help="SERVE_WORKERS [default: 2]")
@click.option(
    "--artifact",
    help="SERVE_ARTIFACT: a folder, or s3://bucket/models to follow what is published there "
    "[default: /opt/ml/model if there is one, else the one that ships]",
)
def serve(**options: Any) -> None:
    """Answer over HTTP until SIGTERM; each option is also an environment variable."""
    from common.settings import load_settings
    from image_classifier.api.server import run_service
    from image_classifier.api.settings import ServiceSettings

    run_service(load_settings(ServiceSettings, **options))


def hyperparameter_flags(command: Any) -> Any:
    """Give a command one flag per hyperparameter."""
    for name, field in reversed(Hyperparameters.model_fields.items()):
        flag = f"--{name.replace('_', '-')}"
        help_text = f"{field.description} [default: {field.default}]"
        command = click.option(flag, name, type=field.annotation, help=help_text)(command)
    return command


@main.command()
@click.option("--data", help="a folder or s3://bucket/prefix with train/ and val/, each with chart/ and meme/")
@click.option("--out", type=FOLDER, help="where the artifact is written [default: SageMaker's model folder]")
@click.option("--hyperparameters", type=click.Path(path_type=Path, dir_okay=False), help="a JSON file")
@click.option("--checkpoints", type=FOLDER, help="keep finished members here, and go on from them")
@click.option("--feedback", help="where the service keeps samples: those that were reviewed are trained on too")
@click.option("--report", type=click.Path(path_type=Path, dir_okay=False), help="where report.html is written")
@click.option("--tracking", type=FOLDER, help="record the run with MLflow in this folder's mlflow.db")
@hyperparameter_flags
def train(**options: Any) -> None:
    """Train on a folder of images and write an artifact (needs the training environment).

    In a SageMaker training job nothing has to be said: the /opt/ml layout and the SM_* variables are used.
    """
    from image_classifier.training.command import run_training

    run_training(**options)


@main.command()
@click.option("--data", required=True, help="a folder or s3://bucket/prefix, as for train")
@click.option(
    "--study", type=click.Path(path_type=Path, dir_okay=False), required=True, help="SQLite file of the search"
)
@click.option(
    "--best", type=click.Path(path_type=Path, dir_okay=False), required=True, help="the best hyperparameters.json"
)
@click.option("--trials", type=click.IntRange(min=1), default=20, show_default=True)
@click.option("--hyperparameters", type=click.Path(path_type=Path, dir_okay=False), help="where the search starts")
@hyperparameter_flags
def tune(data: str, study: Path, best: Path, trials: int, hyperparameters: Path | None, **flags: Any) -> None:
    """Search hyperparameters by cross-validation; called again with the same study, go on (training environment)."""
    chosen = read_hyperparameters(hyperparameters, flags)
    from image_classifier.training.command import training_environment
    from image_classifier.training.source import local_folder

    with training_environment():
        from image_classifier.training.tuning import tune as search

    with local_folder(data) as folder:
        found = search(folder, study, best, trials, chosen)
    click.echo(f"best in {best}: {found.model_dump_json()}")


@main.command()
@click.argument("folder", type=FOLDER)
@click.option("--artifact", type=FOLDER, default=SHIPPED, help="by default the one that ships")
def evaluate(folder: Path, artifact: Path) -> None:
    """Measure an artifact on FOLDER/{chart,meme} and name its errors."""
    from image_classifier.evaluate import evaluate as measure_folder

    evaluation = measure_folder(load_artifact(artifact), folder)
    figures = Table("figure", "value")
    for name, value in evaluation.figures.items():
        figures.add_row(name, f"{value:.4f}" if isinstance(value, float) else str(value))
    Console().print(figures)
    for example, probability in evaluation.errors:
        click.echo(f"{example.path} is a {example.label}: P(chart) {probability:.3f}")
