"""Fitting the linear model: logistic regression on features that naive Bayes has weighted, and the tickers' standings.

Sources: Wang & Manning, "Baselines and Bigrams" (2012), for the naive Bayes log count ratios as weights of features;
a ticker's standing is a random intercept of logistic regression, its maximum a posteriori by Newton's method.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from sentiment_minibatch.scoring.training.matrices import Block, Floats, Matrices

Marks = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Hyperparameters:
    """What is not fitted: the regularisation, how often a feature must occur, and how far standings are shrunk."""

    regularisation: float = 1.0
    least_messages_of_a_term: int = 3
    least_messages_of_a_gram: int = 5
    evenness: float = 0.2  # what every feature's naive Bayes weight has added
    standing_prior: float = 2.0  # the inverse variance of a standing
    folds: int = 10
    seed: int = 1


@dataclass(frozen=True)
class FittedBlock:
    """For the columns that are kept: their weight, and their square for the norm (0 for the others)."""

    weights: Floats
    squares: Floats

    def log_odds(self, block: Block) -> Floats:
        """Return what each message's features add to its log odds."""
        squares = block.counts @ self.squares
        log_odds: Floats = block.counts @ self.weights / np.sqrt(np.where(squares > 0, squares, 1.0))
        return log_odds


@dataclass(frozen=True)
class FittedText:
    """The model of the words alone."""

    words: FittedBlock
    grams: FittedBlock
    opinion_weights: Floats
    bias: float

    def log_odds(self, matrices: Matrices) -> Floats:
        """Return each message's log odds for bullish."""
        letters = self.grams.log_odds(matrices.grams)
        words = self.words.log_odds(matrices.words)
        log_odds: Floats = words + letters + matrices.opinions @ self.opinion_weights + self.bias
        return log_odds


def fit_text(matrices: Matrices, bullish: Marks, settings: Hyperparameters) -> FittedText:
    """Fit the model of the words."""
    words = _Weighting(matrices.words, bullish, settings.least_messages_of_a_term, settings.evenness)
    grams = _Weighting(matrices.grams, bullish, settings.least_messages_of_a_gram, settings.evenness)
    columns = sparse.hstack([words.weighted, grams.weighted, sparse.csr_matrix(matrices.opinions)]).tocsr()
    regression = LogisticRegression(C=settings.regularisation, solver="liblinear", random_state=settings.seed)
    regression.fit(columns, bullish)
    ends = np.cumsum([words.kept.size, grams.kept.size])
    for_words, for_grams, for_opinions = np.split(regression.coef_[0], ends)
    return FittedText(words.fitted(for_words), grams.fitted(for_grams), for_opinions, float(regression.intercept_[0]))


class _Weighting:
    """A block's columns times their inverse document frequency, normalised by row, times naive Bayes' weight."""

    def __init__(self, block: Block, bullish: Marks, least_messages: int, evenness: float) -> None:
        present = block.counts.sign()
        messages = np.asarray(present.sum(axis=0)).ravel()
        self.columns = block.counts.shape[1]
        self.kept = np.flatnonzero(messages >= least_messages)
        self._inverse = np.log((1 + bullish.size) / (1 + messages[self.kept])) + 1
        for_, against = (
            np.asarray(present[rows][:, self.kept].sum(axis=0)).ravel() + 1 for rows in (bullish, ~bullish)
        )
        ratio = np.log(for_ / for_.sum()) - np.log(against / against.sum())
        self._importance = np.abs(ratio) + evenness
        counts = block.counts[:, self.kept]
        norm = np.sqrt(counts @ self._inverse**2)
        self.weighted = sparse.diags(1 / np.where(norm > 0, norm, 1.0)) @ counts @ sparse.diags(self._factor)

    @property
    def _factor(self) -> Floats:
        factor: Floats = self._inverse * self._importance
        return factor

    def fitted(self, coefficients: Floats) -> FittedBlock:
        weights, squares = np.zeros(self.columns), np.zeros(self.columns)
        weights[self.kept] = coefficients * self._factor
        squares[self.kept] = self._inverse**2
        return FittedBlock(weights, squares)


def fit_standings(symbols: Sequence[Sequence[str]], log_odds: Floats, bullish: Marks, prior: float) -> dict[str, float]:
    """Return by how much each ticker's log odds differ from what the words say, shrunk towards 0."""
    messages = defaultdict(list)
    for row, named in enumerate(symbols):
        for symbol in named:
            messages[symbol].append(row)
    return {symbol: _intercept(log_odds[rows], bullish[rows], prior) for symbol, rows in messages.items()}


def _intercept(log_odds: Floats, bullish: Marks, prior: float) -> float:
    intercept = 0.0
    for _ in range(20):
        chance = expit(log_odds + intercept)
        slope = float((bullish - chance).sum() - prior * intercept)
        intercept += slope / float((chance * (1 - chance)).sum() + prior)
    return intercept


def standing_of(symbols: Sequence[Sequence[str]], standings: dict[str, float]) -> Floats:
    """Return each message's standing: the mean over its tickers."""
    return np.array([np.mean([standings.get(symbol, 0.0) for symbol in named] or [0.0]) for named in symbols])
