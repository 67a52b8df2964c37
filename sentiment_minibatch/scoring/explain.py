"""Why a message has its score: what each word makes of it."""

from __future__ import annotations

from typing import NamedTuple

from sentiment_minibatch.scoring.scorer import Scorer
from sentiment_minibatch.scoring.text import clean, symbols_in, tokens_of, word_of, words_of

_MOST_TOKENS = 300  # each is left out in turn, so the work grows with the square of their number


class Contribution(NamedTuple):
    """A token as it is written, and the log odds that the message would lack without it, negation and pairs too."""

    token: str
    log_odds: float


class Explanation(NamedTuple):
    """A text's scores by ticker, the chance that its author marks it bullish, and what did it."""

    scores: dict[str, float]
    text_score: float
    says_something: bool
    contributions: list[Contribution]
    standings: dict[str, float]


def explain(text: str, scorer: Scorer) -> Explanation:
    """Explain the score of a text; of a very long one only the first tokens' contributions."""
    text = clean(text)
    tokens = tokens_of(text)
    evidence = scorer.evidence(words_of(text))
    symbols = symbols_in(text)
    return Explanation(
        scores={symbol: scorer.score_of(evidence, symbol) for symbol in symbols},
        text_score=scorer.score_of(evidence),
        says_something=evidence is not None,
        contributions=[] if evidence is None else _contributions(tokens, evidence, scorer),
        standings={symbol: scorer.standing(symbol) for symbol in symbols if evidence is not None},
    )


def strongest(explanation: Explanation, count: int) -> list[Contribution]:
    """Return the contributions that move the score most, strongest first."""
    moving = [part for part in explanation.contributions if abs(part.log_odds) >= 0.05]
    return sorted(moving, key=lambda part: -abs(part.log_odds))[:count]


def _contributions(tokens: list[str], evidence: float, scorer: Scorer) -> list[Contribution]:
    """Leave each token out in turn: what the rest says less is its contribution."""
    words = list(map(word_of, tokens))
    return [
        Contribution(token, evidence - (scorer.evidence([*words[:place], *words[place + 1 :]]) or 0.0))
        for place, token in enumerate(tokens[:_MOST_TOKENS])
    ]
