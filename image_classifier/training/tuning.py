"""A local search for hyperparameters with Optuna, which goes on where it stopped."""

from __future__ import annotations

import json
from pathlib import Path

import optuna

from common.logs import get_logger
from image_classifier.training.checkpoints import Checkpoints
from image_classifier.training.hyperparameters import Hyperparameters
from image_classifier.training.study import prepare, read_pictures

log = get_logger(__name__)


def tune(data: Path, study_file: Path, best_file: Path, trials: int, base: Hyperparameters) -> Hyperparameters:
    """Try `trials` settings, the base first, and write the best by cross-validated log loss as hyperparameters.json.

    The backbone looks at the images once; each trial fits heads only. The study lives in an SQLite file: called again
    with the same file, the search goes on.
    """
    pictures = prepare(read_pictures(data / "train"), base, Checkpoints(None))
    study_file.parent.mkdir(parents=True, exist_ok=True)
    study = optuna.create_study(
        study_name="image_classifier",
        storage=f"sqlite:///{study_file.resolve()}",
        sampler=optuna.samplers.TPESampler(seed=base.seed),
        load_if_exists=True,
    )
    if not study.trials:
        names = ("learning_rate", "weight_decay", "dropout", "epochs")
        study.enqueue_trial({name: getattr(base, name) for name in names})

    def loss(trial: optuna.Trial) -> float:
        suggested = {
            "learning_rate": trial.suggest_float("learning_rate", 3e-4, 3e-2, log=True),
            "weight_decay": trial.suggest_float("weight_decay", 1e-4, 1.0, log=True),
            "dropout": trial.suggest_float("dropout", 0.0, 0.7),
            "epochs": trial.suggest_int("epochs", 1, 60),
        }
        figures = pictures.cross_validate(base.model_copy(update=suggested)).figures
        log.info("trial", number=trial.number, accuracy=figures["accuracy"], log_loss=figures["log_loss"], **suggested)
        return float(figures["log_loss"])

    study.optimize(loss, n_trials=trials)
    best = base.model_copy(update=study.best_params)
    best_file.parent.mkdir(parents=True, exist_ok=True)
    best_file.write_text(json.dumps(best.model_dump(), indent=2) + "\n")
    return best
