"""What the command `train-scorer` does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sentiment_minibatch.scoring.artifact import save_scorer
from sentiment_minibatch.scoring.labelled import LabelledMessages
from sentiment_minibatch.scoring.scorer import Scorer
from sentiment_minibatch.scoring.training.fitting import Hyperparameters
from sentiment_minibatch.scoring.training.pipeline import train


def train_artifact(messages: LabelledMessages, out: Path, seed: int, say: Callable[[str], None]) -> Scorer:
    """Train a scorer, say what was measured in cross-validation, and write its artifact."""
    model, description = train(messages, Hyperparameters(seed=seed), say)
    for name, measured in description["metrics"].items():
        value, low, high = measured["roc_auc"]
        held_out = f"AUC {value:.3f} ({low:.3f} to {high:.3f}), ECE {measured['ece']:.3f}"
        say(f"cross-validation, {name.replace('_', ' ')}: {held_out}")
    return save_scorer(out, model, description)
