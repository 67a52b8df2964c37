"""Runs recorded with MLflow, in one SQLite file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mlflow


def record_run(directory: Path, description: dict[str, Any]) -> str:
    """Record the hyperparameters, figures and provenance of a run in DIRECTORY/mlflow.db; return the run's id."""
    directory.mkdir(parents=True, exist_ok=True)
    mlflow.set_tracking_uri(f"sqlite:///{directory.resolve() / 'mlflow.db'}")
    name = "image_classifier"
    if mlflow.get_experiment_by_name(name) is None:
        mlflow.create_experiment(name, artifact_location=(directory.resolve() / "files").as_uri())
    mlflow.set_experiment(name)
    with mlflow.start_run() as run:
        mlflow.log_params(description["hyperparameters"])
        mlflow.set_tags(description["provenance"])
        for judged, figures in description["metrics"].items():
            mlflow.log_metrics(
                {f"{judged}_{name}": value for name, value in figures.items() if not isinstance(value, list | dict)}
            )
        return str(run.info.run_id)
