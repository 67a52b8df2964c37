"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from image_classifier.artifact import SHIPPED

FOLDER = click.Path(path_type=Path, file_okay=False)
FILE = click.Path(path_type=Path, dir_okay=False)

artifact_option = click.option("--artifact", type=FOLDER, default=SHIPPED, help="by default the one that ships")
models_option = click.option("--models", required=True, help="s3://bucket/models or a folder")


def hyperparameter_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command one option per hyperparameter."""
    from image_classifier.training.hyperparameters import Hyperparameters

    for name, field in reversed(Hyperparameters.model_fields.items()):
        option = f"--{name.replace('_', '-')}"
        help_text = f"{field.description} [default: {field.default}]"
        command = click.option(option, name, type=field.annotation, help=help_text)(command)
    return command
