"""A local search for hyperparameters with Optuna, which goes on where it stopped."""

from __future__ import annotations

import json
from pathlib import Path

import optuna

from common.errors import ConfigurationError
from common.logs import get_logger
from image_classifier.dataset import hash_examples
from image_classifier.training.checkpoints import Checkpoints
from image_classifier.training.hyperparameters import Hyperparameters
from image_classifier.training.study import prepare, read_pictures

log = get_logger(__name__)
_SEARCHED = ("learning_rate", "weight_decay", "dropout", "epochs")


def tune(data: Path, study_file: Path, best_file: Path, trials: int, base: Hyperparameters) -> Hyperparameters:
    """Try `trials` settings, the base first, and write the best by cross-validated log loss as hyperparameters.json.

    The backbone looks at the images once; each trial fits heads only. The study lives in an SQLite file: called again
    with the same file, the search goes on. Raises `ConfigurationError` for a study of other pictures or other settings.
    """
    training = read_pictures(data / "train")
    study = _open_study(study_file, base, hash_examples(training.examples))
    pictures = prepare(training, base, Checkpoints(None))
    if not study.trials:
        study.enqueue_trial({name: getattr(base, name) for name in _SEARCHED})

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


def _open_study(file: Path, base: Hyperparameters, data_hash: str) -> optuna.Study:
    """Open or create a study; what is searched from and on what is kept with it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    study = optuna.create_study(
        study_name="image_classifier",
        storage=f"sqlite:///{file.resolve()}",
        sampler=optuna.samplers.TPESampler(seed=base.seed),
        load_if_exists=True,
    )
    identity = {"data_sha256": data_hash, **base.model_dump(exclude=set(_SEARCHED))}
    known = study.user_attrs.get("identity")
    if known is None and study.trials:
        raise ConfigurationError(f"{file} does not say what its trials were tried on; name a new file with --study")
    if known not in (None, identity):
        others = sorted(name for name in identity if known.get(name) != identity[name])
        raise ConfigurationError(f"{file} is a study with another {', '.join(others)}; name a new file with --study")
    study.set_user_attr("identity", identity)
    return study
