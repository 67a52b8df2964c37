"""How good scores are on marked messages, beside general lexicons where those are installed."""

from __future__ import annotations

import importlib
import sys
import types
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import NamedTuple

import numpy as np

from sentiment_minibatch.scoring.labelled import LabelledMessages
from sentiment_minibatch.scoring.measures import Floats, Interval, calibration_error, roc_auc, roc_auc_interval, shifted
from sentiment_minibatch.scoring.scorer import Scorer
from sentiment_minibatch.scoring.text import clean, symbols_in, tokens_of


class Evaluation(NamedTuple):
    """What a scorer's figures are on a set of messages; the model's own has those of its chances too."""

    name: str
    roc_auc: Interval
    silent: float
    calibration_error: float | None = None
    calibration_error_here: float | None = None


def evaluate_scorer(scorer: Scorer, messages: LabelledMessages) -> Evaluation:
    """Evaluate a scorer; a message about several tickers has the mean of their log odds.

    The first calibration error is of the chances at the base rate of training, the second at that of these messages.
    """
    readings = [_reading(scorer, text) for text in messages.texts]
    scores = np.array([score for score, _, _ in readings])
    chances = np.array([chance for _, chance, _ in readings])
    return Evaluation(
        f"scorer {scorer.version}",
        roc_auc_interval(scores, messages.bullish),
        float(np.mean([silent for *_, silent in readings])),
        calibration_error(chances, messages.bullish),
        calibration_error(shifted(chances, scorer.base_rate, messages.base_rate), messages.bullish),
    )


def _reading(scorer: Scorer, text: str) -> tuple[float, float, bool]:
    tokens = tokens_of(clean(text))
    evidence = scorer.evidence(tokens)
    symbols = symbols_in(tokens) or [None]
    if evidence is not None:
        evidence += sum(map(scorer.standing, symbols)) / len(symbols)
    return (evidence or 0.0), scorer.probability(evidence), evidence is None
