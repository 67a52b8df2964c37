"""From labelled messages to an artifact: cross-validation, calibration, standings, and what is measured on the way."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, StratifiedKFold

from common.version import code_version
from common.version import version as release
from sentiment_minibatch.scoring.labelled import LabelledMessages, groups_by_ticker
from sentiment_minibatch.scoring.lexicon import read_lexicon
from sentiment_minibatch.scoring.measures import calibration_error, roc_auc_interval
from sentiment_minibatch.scoring.training.export import model_of
from sentiment_minibatch.scoring.training.fitting import (
    FittedText,
    Hyperparameters,
    fit_standings,
    fit_text,
    standing_of,
)
from sentiment_minibatch.scoring.training.matrices import Floats, Matrices, matrices_of

Rows = NDArray[np.int64]
Fold = tuple[Rows, Rows]
Say = Callable[[str], None]


@dataclass(frozen=True)
class Calibration:
    """A line over the log odds of messages that the model has not seen (Platt 1999)."""

    slope: float
    intercept: float

    def applied(self, log_odds: Floats) -> Floats:
        """Return calibrated log odds."""
        return self.slope * log_odds + self.intercept


def train(messages: LabelledMessages, settings: Hyperparameters, say: Say) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the model, as `Scorer` takes it, and its description."""
    lexicon = read_lexicon()
    study = _Study(messages, matrices_of(messages.texts, lexicon), settings, say)
    unseen = study.held_out_by_ticker()
    calibration = _calibrated(unseen, messages)
    calibrated = calibration.applied(unseen)
    metrics = {
        "unseen_tickers": study.measured(calibrated),
        "seen_tickers": study.measured(study.held_out_with_standings(calibration, calibrated)),
    }
    say("fitting on all messages")
    model = model_of(
        fit_text(study.matrices, messages.bullish, settings),
        study.matrices,
        lexicon,
        standings=fit_standings(study.matrices.symbols, calibrated, messages.bullish, settings.standing_prior),
        calibration=(calibration.slope, calibration.intercept),
        base_rate=messages.base_rate,
    )
    return model, {
        "metrics": metrics,
        "calibration": {"method": "Platt, on messages about tickers that were held out", **asdict(calibration)},
        "hyperparameters": asdict(settings),
        "provenance": _provenance(messages),
    }


def _calibrated(log_odds: Floats, messages: LabelledMessages) -> Calibration:
    line = LogisticRegression(C=1e6).fit(log_odds[:, None], messages.bullish)
    return Calibration(float(line.coef_[0][0]), float(line.intercept_[0]))


@dataclass(frozen=True)
class _Study:
    """Cross-validation: what models fitted without a fold make of it."""

    messages: LabelledMessages
    matrices: Matrices
    settings: Hyperparameters
    say: Say

    def held_out_by_ticker(self) -> Floats:
        """Return the log odds of messages about tickers that the model has not met, from the words alone."""
        groups = groups_by_ticker(self.messages.texts)
        log_odds = np.zeros(groups.size)
        for text, _, held_out in self._models(GroupKFold(self.settings.folds).split(groups, groups=groups)):
            log_odds[held_out] = text.log_odds(self.matrices.rows(held_out))
        return log_odds

    def held_out_with_standings(self, calibration: Calibration, unseen: Floats) -> Floats:
        """Return the log odds of messages about tickers that others are about too, whose standing so is known."""
        bullish = self.messages.bullish
        shuffled = StratifiedKFold(self.settings.folds, shuffle=True, random_state=self.settings.seed)
        log_odds = np.zeros(bullish.size)
        for text, seen, held_out in self._models(shuffled.split(bullish, bullish)):
            symbols = self.matrices.rows(seen).symbols
            standings = fit_standings(symbols, unseen[seen], bullish[seen], self.settings.standing_prior)
            rows = self.matrices.rows(held_out)
            log_odds[held_out] = calibration.applied(text.log_odds(rows)) + standing_of(rows.symbols, standings)
        return log_odds

    def _models(self, folds: Iterable[Fold]) -> Iterator[tuple[FittedText, Rows, Rows]]:
        for number, (seen, held_out) in enumerate(folds, 1):
            self.say(f"fold {number} of {self.settings.folds}")
            yield fit_text(self.matrices.rows(seen), self.messages.bullish[seen], self.settings), seen, held_out

    def measured(self, log_odds: Floats) -> dict[str, Any]:
        """Return the figures of held-out log odds."""
        return {
            "messages": len(self.messages.texts),
            "roc_auc": list(roc_auc_interval(log_odds, self.messages.bullish)),
            "ece": calibration_error(expit(log_odds), self.messages.bullish),
        }


def _provenance(messages: LabelledMessages) -> dict[str, Any]:
    return {
        "data_sha256": messages.sha256,
        "messages": int(messages.bullish.size),
        "bullish": int(messages.bullish.sum()),
        "release": release(),
        "code_version": code_version(),
        "python": platform.python_version(),
        **{name: version(name) for name in ("numpy", "scipy", "scikit-learn")},
    }
