"""The model that turns words into a score. It needs the standard library alone.

It gives the same bits everywhere: its weights are whole numbers, and what is done to their sums is plain arithmetic,
square roots included, and a table.
"""

from __future__ import annotations

import math
from itertools import repeat
from typing import Any

from sentiment_minibatch.scoring.features import features_of, grams_of
from sentiment_minibatch.scoring.lexicon import Lexicon
from sentiment_minibatch.scoring.text import clean, symbols_in, words_of

UNIT = 1_000  # weights and standings are in thousandths of a unit of log odds
SQUARE_UNIT = 100  # squares of inverse document frequencies are in hundredths

_SQUARE_BITS = 40
_SQUARES = (1 << _SQUARE_BITS) - 1
_WORDS_REMEMBERED = 50_000


def packed(features: dict[str, list[int]]) -> dict[str, int]:
    """Return each feature's weight and square in one number: a sum of such numbers holds both sums, and is quick."""
    return {name: (weight << _SQUARE_BITS) + square for name, (weight, square) in features.items()}


def normalised(total: int) -> float:
    """Return the sum of the weights over the root of the sum of the squares, in units of log odds."""
    square = total & _SQUARES
    return (total >> _SQUARE_BITS) / math.sqrt(square / SQUARE_UNIT) / UNIT if square else 0.0


def saturated(opinion: int) -> float:
    """Return a sum of the lexicon in [0, 1): three strengths are one half."""
    return opinion / (opinion + 15)


def balanced(bullish: int, bearish: int) -> float:
    """Return in (-1, 1) to which side the lexicon leans."""
    return (bullish - bearish) / (10 + bullish + bearish)


class _GramSums(dict[str, int]):
    """Each word's sum over its sequences of letters, remembered; a flood of different words only makes it forget."""

    def __init__(self, grams: dict[str, int]) -> None:
        super().__init__()
        self._grams = grams

    def __missing__(self, word: str) -> int:
        if len(self) >= _WORDS_REMEMBERED:
            self.clear()
        total = self[word] = sum(map(self._grams.get, grams_of(word), repeat(0)))
        return total


class Scorer:
    """The model of one artifact; `evidence` reads a message's words, `score` says what they are worth for a ticker."""

    def __init__(self, model: dict[str, Any], version: str) -> None:
        self.version = version
        self.base_rate = float(model["base_rate"])
        self.standings: dict[str, int] = model["standings"]
        self._bias = float(model["bias"])
        self._terms = packed(model["terms"])
        self._pairs = {tuple(pair.split(" ")): both for pair, both in packed(model["pairs"]).items()}
        self._gram_sums = _GramSums(packed(model["grams"]))
        self._lexicon = Lexicon(model["lexicon"]["strengths"])
        self._lexicon_weights: list[float] = model["lexicon"]["weights"]
        self._speaking = frozenset(model["speaking"])
        self._curve: list[float] = model["curve"]["scores"]
        self._steps = int(model["curve"]["steps"])

    def score(self, text: str) -> dict[str, float]:
        """Return the score in [-1, 1] of each ticker that a text names, with four decimals; 0 if it says nothing."""
        text = clean(text)
        symbols = symbols_in(text)
        if not symbols:
            return {}
        evidence = self.evidence(words_of(text))
        return {symbol: self.score_of(evidence, symbol) for symbol in symbols}

    def evidence(self, words: list[str]) -> float | None:
        """Return the log odds for bullish that the words add to the base rate; None if they say nothing."""
        features = features_of(words, self._lexicon)
        bullish, bearish = features.bullish, features.bearish
        if not (bullish or bearish) and self._speaking.isdisjoint(words):
            return None
        nothing = repeat(0)
        said = sum(map(self._terms.get, features.terms, nothing))
        said += sum(map(self._pairs.get, features.pairs(), nothing))
        letters = sum(map(self._gram_sums.__getitem__, words))
        for_, against, balance = self._lexicon_weights
        return (
            self._bias
            + normalised(said)
            + normalised(letters)
            + for_ * saturated(bullish)
            + against * saturated(bearish)
            + balance * balanced(bullish, bearish)
        )

    def standing(self, symbol: str | None) -> float:
        """Return the log odds that a ticker's messages had in training beyond their words; 0 for an unknown one."""
        return self.standings.get(symbol or "", 0) / UNIT

    def score_of(self, evidence: float | None, symbol: str | None = None) -> float:
        """Return the score of a text's evidence for a ticker: 0 for evidence that there is none."""
        if evidence is None:
            return 0.0
        last = len(self._curve) - 1
        place = (evidence + self.standing(symbol)) * self._steps + last / 2
        if place <= 0 or place >= last:
            return self._curve[0 if place <= 0 else last]
        below = int(place)
        low, high = self._curve[below], self._curve[below + 1]
        return round(low + (high - low) * (place - below), 4)

    def probability(self, evidence: float | None, symbol: str | None = None) -> float:
        """Return the chance that the author marks the message bullish, the base rate of marks included."""
        odds = math.log(self.base_rate / (1 - self.base_rate)) + (evidence or 0.0)
        return 1 / (1 + math.exp(-(odds + (self.standing(symbol) if evidence is not None else 0.0))))
