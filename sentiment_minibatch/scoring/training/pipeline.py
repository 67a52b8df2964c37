"""From labelled messages to an artifact: cross-validation, calibration, standings, and what is measured on the way."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, StratifiedKFold

from common.version import code_version
from sentiment_minibatch.scoring.lexicon import read_lexicon
from sentiment_minibatch.scoring.training.export import model_of
from sentiment_minibatch.scoring.training.fitting import (
    FittedText,
    Hyperparameters,
    fit_standings,
    fit_text,
    standing_of,
)
from sentiment_minibatch.scoring.training.labelled import LabelledMessages, groups_by_ticker
from sentiment_minibatch.scoring.training.matrices import Floats, Matrices, matrices_of
from sentiment_minibatch.scoring.training.measures import calibration_error, roc_auc_interval

Fold = tuple[NDArray[np.int64], NDArray[np.int64]]
Say = Callable[[str], None]


@dataclass(frozen=True)
class Calibration:
    """A line over the log odds of messages that the model has not seen (Platt 1999)."""

    slope: float
    intercept: float

    def __call__(self, log_odds: Floats) -> Floats:
        return self.slope * log_odds + self.intercept


def train(messages: LabelledMessages, settings: Hyperparameters, say: Say) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the model, as `Scorer` takes it, and its description."""
    lexicon = read_lexicon()
    matrices = matrices_of(messages.texts, lexicon)
    by_ticker = list(GroupKFold(settings.folds).split(messages.texts, groups=groups_by_ticker(messages.texts)))
    unseen_tickers = _held_out(matrices, messages, by_ticker, settings, say)
    calibration = _calibrated(unseen_tickers, messages)
    calibrated = calibration(unseen_tickers)
    metrics = {
        "unseen_tickers": _measured(calibrated, messages),
        "seen_tickers": _measured(_with_standings(matrices, messages, calibration, calibrated, settings, say), messages),
    }
    say("fitting on all messages")
    standings = fit_standings(matrices.symbols, calibrated, messages.bullish, settings.standing_prior)
    text = fit_text(matrices, messages.bullish, settings)
    model = model_of(text, matrices, lexicon, standings, (calibration.slope, calibration.intercept), messages.base_rate)
    return model, {
        "metrics": metrics,
        "calibration": {"method": "Platt, on messages about tickers that were held out", **asdict(calibration)},
        "hyperparameters": asdict(settings),
        "provenance": _provenance(messages),
    }


def _held_out(
    matrices: Matrices, messages: LabelledMessages, folds: list[Fold], settings: Hyperparameters, say: Say
) -> Floats:
    """Return for each message what a model fitted without its fold makes of its words."""
    log_odds = np.zeros(messages.bullish.size)
    for text, _, held_out in _models(matrices, messages, folds, settings, say):
        log_odds[held_out] = text.log_odds(matrices.rows(held_out))
    return log_odds


def _models(
    matrices: Matrices, messages: LabelledMessages, folds: list[Fold], settings: Hyperparameters, say: Say
) -> Iterator[tuple[FittedText, NDArray[np.int64], NDArray[np.int64]]]:
    for number, (seen, held_out) in enumerate(folds, 1):
        say(f"fold {number} of {len(folds)}")
        yield fit_text(matrices.rows(seen), messages.bullish[seen], settings), seen, held_out


def _calibrated(log_odds: Floats, messages: LabelledMessages) -> Calibration:
    line = LogisticRegression(C=1e6).fit(log_odds[:, None], messages.bullish)
    return Calibration(float(line.coef_[0][0]), float(line.intercept_[0]))


def _with_standings(
    matrices: Matrices,
    messages: LabelledMessages,
    calibration: Calibration,
    unseen: Floats,
    settings: Hyperparameters,
    say: Say,
) -> Floats:
    """Return log odds of held-out messages about tickers that others of the fold are about too."""
    shuffled = StratifiedKFold(settings.folds, shuffle=True, random_state=settings.seed)
    folds = list(shuffled.split(messages.texts, messages.bullish))
    log_odds = np.zeros(messages.bullish.size)
    for text, seen, held_out in _models(matrices, messages, folds, settings, say):
        symbols = [matrices.symbols[row] for row in seen]
        standings = fit_standings(symbols, unseen[seen], messages.bullish[seen], settings.standing_prior)
        rows = matrices.rows(held_out)
        log_odds[held_out] = calibration(text.log_odds(rows)) + standing_of(rows.symbols, standings)
    return log_odds


def _measured(log_odds: Floats, messages: LabelledMessages) -> dict[str, Any]:
    return {
        "messages": int(messages.bullish.size),
        "roc_auc": list(roc_auc_interval(log_odds - logit(messages.base_rate), messages.bullish)),
        "ece": calibration_error(expit(log_odds), messages.bullish),
    }


def _provenance(messages: LabelledMessages) -> dict[str, Any]:
    return {
        "data_sha256": messages.sha256,
        "messages": int(messages.bullish.size),
        "bullish": int(messages.bullish.sum()),
        "code_version": code_version(),
        "python": platform.python_version(),
        **{name: version(name) for name in ("numpy", "scipy", "scikit-learn")},
    }
