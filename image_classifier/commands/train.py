"""`train`: from images to an artifact."""

from __future__ import annotations

from typing import Any

import click

from common.commands import Command
from image_classifier.commands.options import FILE, FOLDER, hyperparameter_options


@click.command("train", cls=Command)
@click.option("--data", help="a folder or s3://bucket/prefix with train/ and val/, each with chart/ and meme/")
@click.option("--out", type=FOLDER, help="where the artifact is written [default: SageMaker's model folder]")
@click.option("--hyperparameters", type=FILE, help="a JSON file")
@click.option("--checkpoints", type=FOLDER, help="keep finished members here, and go on from them")
@click.option("--feedback", help="where the service keeps samples: those that were reviewed are trained on too")
@click.option("--report", type=FILE, help="where report.html is written")
@click.option("--tracking", type=FOLDER, help="record the run with MLflow in this folder's mlflow.db")
@hyperparameter_options
def command(**options: Any) -> None:
    """Train on a folder of images and write an artifact (needs the training environment).

    In a SageMaker training job nothing has to be said: the /opt/ml layout and the SM_* variables are used.
    """
    from image_classifier.training.run import run_training

    run_training(**options)
