"""A run of training: from flags, files and SageMaker's layout to one run, and a reason left behind when it fails."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from common.errors import ApplicationError, ConfigurationError
from common.settings import load_settings
from image_classifier.artifact import Artifact
from image_classifier.training.hyperparameters import read_hyperparameters
from image_classifier.training.layout import Layout


def run_training(
    *,
    data: str | None,
    out: Path | None,
    hyperparameters: Path | None,
    checkpoints: Path | None,
    report: Path | None,
    tracking: Path | None,
    feedback: str | None,
    **flags: Any,
) -> None:
    """Train as told; what is not told comes from SageMaker's layout. A failure is written there, and raised."""
    layout = load_settings(Layout)
    try:
        chosen = read_hyperparameters(hyperparameters, {**layout.hyperparameters, **_given(flags)})
        source, output = data or layout.data, out or layout.model
        if source is None:
            raise ConfigurationError(
                "no data: name --data, or provide the channels train and val under /opt/ml/input/data"
            )
        if output is None:
            raise ConfigurationError("no place for the artifact: name --out")
        page = report or (layout.report / "report.html" if layout.report else None)
        from image_classifier.training.source import local_folder, reviewed_folder

        with training_environment():
            from image_classifier.training.pipeline import train
        with local_folder(source) as folder, reviewed_folder(feedback) as reviewed:
            places = {"checkpoints": checkpoints or layout.checkpoints, "report": page, "reviewed": reviewed}
            artifact = train(folder, output, chosen, **places)
        if tracking is not None:
            from image_classifier.training.tracking import record_run

            record_run(tracking, artifact.description)
    except ApplicationError as error:
        layout.write_failure(str(error))
        raise
    except Exception:
        layout.write_failure(traceback.format_exc()[-1000:])
        raise
    _print_figures(artifact, output)


@contextmanager
def training_environment() -> Iterator[None]:
    """Import what only the training environment has; raises `ConfigurationError` where it is not there."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"{error.name} is not installed here; `make install-training` makes the environment .venv-training, "
            "and .venv-training/bin/python runs this"
        ) from None


def _given(flags: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in flags.items() if value is not None}


def _print_figures(artifact: Artifact, output: Path) -> None:
    """Print the figures as `name=value`, which is what SageMaker's metric definitions look for."""
    for judged, figures in artifact.description["metrics"].items():
        for name, value in figures.items():
            if not isinstance(value, list | dict):
                click.echo(f"{judged}_{name}={value}")
    click.echo(f"artifact {artifact.version} in {output}: {len(artifact.model)} bytes")
