"""Messages as sparse matrices, by the very features that scoring reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from sentiment_minibatch.scoring.features import features_of, grams_of
from sentiment_minibatch.scoring.lexicon import Lexicon
from sentiment_minibatch.scoring.scorer import balanced, saturated
from sentiment_minibatch.scoring.text import clean, symbols_in, words_of

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Block:
    """Counts of features: one row per message, one column per name."""

    names: list[Hashable]
    counts: sparse.csr_matrix

    def rows(self, rows: NDArray[np.int64]) -> Block:
        """Return the block of some messages, with the same columns."""
        return Block(self.names, self.counts[rows])


@dataclass(frozen=True)
class Matrices:
    """Messages as the model sees them: their words and pairs, their letters, the lexicon's opinion, their tickers."""

    words: Block
    grams: Block
    opinions: Floats
    symbols: list[list[str]]

    def rows(self, rows: NDArray[np.int64]) -> Matrices:
        """Return the matrices of some messages."""
        symbols = [self.symbols[row] for row in rows]
        return Matrices(self.words.rows(rows), self.grams.rows(rows), self.opinions[rows], symbols)


def matrices_of(texts: Sequence[str], lexicon: Lexicon) -> Matrices:
    """Return the matrices of messages."""
    cleaned = list(map(clean, texts))
    features = [features_of(words_of(text), lexicon) for text in cleaned]
    words = _block([*message.terms, *message.pairs()] for message in features)
    grams = _block([gram for word in message.words for gram in grams_of(word)] for message in features)
    opinions = [
        (saturated(message.bullish), saturated(message.bearish), balanced(message.bullish, message.bearish))
        for message in features
    ]
    return Matrices(words, grams, np.array(opinions).reshape(-1, 3), list(map(symbols_in, cleaned)))


def _block(messages: Iterable[Sequence[Hashable]]) -> Block:
    columns: dict[Hashable, int] = {}
    starts, indices, counts = [0], [], []
    for message in messages:
        for name, count in Counter(message).items():
            indices.append(columns.setdefault(name, len(columns)))
            counts.append(float(count))
        starts.append(len(indices))
    return Block(list(columns), sparse.csr_matrix((counts, indices, starts), shape=(len(starts) - 1, len(columns))))
