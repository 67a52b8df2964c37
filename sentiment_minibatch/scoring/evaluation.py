"""How good scores are on marked messages, beside general lexicons where those are installed."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sentiment_minibatch.scoring.labelled import LabelledMessages
from sentiment_minibatch.scoring.measures import (
    Interval,
    calibration_error,
    roc_auc_interval,
    shifted,
)
from sentiment_minibatch.scoring.scorer import Scorer
from sentiment_minibatch.scoring.text import clean, symbols_in, words_of


class Evaluation(NamedTuple):
    """The figures of a scorer on a set of messages.

    `calibration_error` is of its chances at the base rate of its training, `calibration_error_here` at that of the
    messages; `silent` is the share of messages that say nothing to it.
    """

    scorer: str
    messages: int
    bullish: int
    roc_auc: Interval
    calibration_error: float
    calibration_error_here: float
    silent: float
    bullish_of_silent: float | None


def evaluate_scorer(scorer: Scorer, messages: LabelledMessages) -> Evaluation:
    """Evaluate a scorer; a message about several tickers has the mean of their standings."""
    readings = [_log_odds(scorer, text) for text in messages.texts]
    silent = np.array([reading is None for reading in readings])
    chances = np.array([scorer.probability(reading) for reading in readings])
    return Evaluation(
        scorer=scorer.version,
        messages=len(messages.texts),
        bullish=int(messages.bullish.sum()),
        roc_auc=roc_auc_interval(np.array([reading or 0.0 for reading in readings]), messages.bullish),
        calibration_error=calibration_error(chances, messages.bullish),
        calibration_error_here=calibration_error(
            shifted(chances, scorer.base_rate, messages.base_rate), messages.bullish
        ),
        silent=float(silent.mean()),
        bullish_of_silent=float(messages.bullish[silent].mean()) if silent.any() else None,
    )


def mistakes(scorer: Scorer, messages: LabelledMessages, count: int) -> list[tuple[float, str]]:
    """Return the messages that the scorer is most wrong about, the worst first: log odds and text."""
    readings = [(_log_odds(scorer, text) or 0.0, text) for text in messages.texts]
    wrongness = [-odds if mark else odds for (odds, _), mark in zip(readings, messages.bullish, strict=True)]
    return [readings[place] for place in np.argsort(wrongness)[::-1][:count].tolist()]


def _log_odds(scorer: Scorer, text: str) -> float | None:
    text = clean(text)
    evidence = scorer.evidence(words_of(text))
    if evidence is None:
        return None
    symbols = symbols_in(text)
    return evidence + sum(map(scorer.standing, symbols)) / max(1, len(symbols))
