"""What a message is to the linear model: its words, pairs of words, their letters, and the lexicon's opinion.

Training and scoring share it. It needs the standard library alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from sentiment_minibatch.scoring.lexicon import Lexicon

NEGATED = "NOT_"
Pair = tuple[str, str]

_SCOPE_OF_A_NEGATION = 3
# fmt: off
_NEGATIONS = frozenset(
    (
        "not", "no", "never", "without", "nobody", "none", "nothing", "neither", "nor", "cannot", "dont",
        "cant", "wont", "isnt", "aint", "didnt", "doesnt", "wasnt", "wouldnt", "couldnt", "shouldnt", "arent",
        "hasnt", "havent", "don't", "can't", "won't", "isn't", "ain't", "didn't", "doesn't", "wasn't",
        "wouldn't", "couldn't", "shouldn't", "aren't", "hasn't", "haven't", "weren't",
    )
)
# fmt: on
_CLAUSE_ENDS = frozenset(("..", "!", "!!", "!!!", "?", "??", "???", "?!"))
_START, _END = "^", "$"
_SHORTEST_GRAM, _LONGEST_GRAM = 3, 5


class Features(NamedTuple):
    """A message's words, the same with negated ones marked, and the lexicon's opinion for and against."""

    words: list[str]
    terms: list[str]
    bullish: int
    bearish: int

    def pairs(self) -> Iterator[Pair]:
        """Return each two neighbouring words; the message's start and end count as words."""
        padded = [_START, *self.words, _END]
        return pairwise(padded)


def features_of(words: list[str], lexicon: Lexicon) -> Features:
    """Return the features of a message's words."""
    if _NEGATIONS.isdisjoint(words):
        return Features(words, words, *lexicon.opinion(words, None))
    negated = _negated(words)
    terms = [NEGATED + word if no else word for word, no in zip(words, negated, strict=True)]
    return Features(words, terms, *lexicon.opinion(words, negated))


def _negated(words: Sequence[str]) -> list[bool]:
    """Say of each word whether it is one of the three after a negation, in the same clause."""
    marks, left = [], 0
    for word in words:
        negation = word in _NEGATIONS
        marks.append(left > 0 and not negation and word[0].islower())
        left = _SCOPE_OF_A_NEGATION if negation else 0 if word in _CLAUSE_ENDS else left - marks[-1]
    return marks


def grams_of(word: str) -> list[str]:
    """Return the sequences of 3 to 5 letters of a word with its ends marked; none of a kind or a mark."""
    if not (word[0].islower() or word[0] == "#"):
        return []
    marked = f"<{word}>"
    return [
        marked[start : start + length]
        for length in range(_SHORTEST_GRAM, _LONGEST_GRAM + 1)
        for start in range(len(marked) - length + 1)
    ]
