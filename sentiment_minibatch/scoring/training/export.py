"""The fitted model in whole numbers, as the artifact holds it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.special import logit

from sentiment_minibatch.scoring.lexicon import Lexicon
from sentiment_minibatch.scoring.scorer import SQUARE_UNIT, UNIT
from sentiment_minibatch.scoring.training.fitting import FittedBlock, FittedText
from sentiment_minibatch.scoring.training.matrices import Block, Matrices

_CURVE_STEPS, _CURVE_END = 8, 8  # steps in a unit of log odds, units on either side
_LOUD = 0.3  # log odds that a word alone must have for a message to say something
_FEWEST_MESSAGES_OF_A_STANDING = 5


def model_of(
    text: FittedText,
    matrices: Matrices,
    lexicon: Lexicon,
    *,
    standings: Mapping[str, float],
    calibration: tuple[float, float],
    base_rate: float,
) -> dict[str, Any]:
    """Return the model as JSON holds it, the calibration's slope multiplied in and the base rate taken out."""
    slope, intercept = calibration
    words = _whole(text.words, matrices.words, slope)
    return {
        "base_rate": base_rate,
        "bias": slope * text.bias + intercept - float(logit(base_rate)),
        "terms": {name: weights for name, weights in words.items() if isinstance(name, str)},
        "pairs": {" ".join(name): weights for name, weights in words.items() if isinstance(name, tuple)},
        "grams": _whole(text.grams, matrices.grams, slope),
        "lexicon": {
            "strengths": lexicon.strengths,
            "weights": [slope * float(weight) for weight in text.opinion_weights],
        },
        "speaking": _speaking(words),
        "standings": _standings(standings, matrices),
        "curve": {
            "steps": _CURVE_STEPS,
            "scores": [
                round(math.tanh(step / _CURVE_STEPS / 2), 4)
                for step in range(-_CURVE_STEPS * _CURVE_END, _CURVE_STEPS * _CURVE_END + 1)
            ],
        },
    }


def _whole(fitted: FittedBlock, block: Block, slope: float) -> dict[Any, list[int]]:
    weights = np.rint(fitted.weights * slope * UNIT).astype(int)
    squares = np.rint(fitted.squares * SQUARE_UNIT).astype(int)
    return {block.names[column]: [int(weights[column]), int(squares[column])] for column in np.flatnonzero(squares)}


def _speaking(words: dict[Any, list[int]]) -> list[str]:
    """Return the words that say something by themselves."""
    return sorted(
        word
        for word, (weight, square) in words.items()
        if isinstance(word, str) and word[0].islower() and abs(weight) / UNIT >= _LOUD * math.sqrt(square / SQUARE_UNIT)
    )


def _standings(standings: Mapping[str, float], matrices: Matrices) -> dict[str, int]:
    messages: dict[str, int] = {}
    for named in matrices.symbols:
        for symbol in named:
            messages[symbol] = messages.get(symbol, 0) + 1
    return {
        symbol: round(standing * UNIT)
        for symbol, standing in standings.items()
        if messages[symbol] >= _FEWEST_MESSAGES_OF_A_STANDING
    }
