"""The trader's lexicon: what words, phrases and emoji say about a price. It needs the standard library alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

SHIPPED = Path(__file__).with_name("lexicon.txt")
_PLAIN, _NEGATED = 5, -3  # a negated strength turns round and is three fifths as strong


class Lexicon:
    """Strengths from -3 to 3 by phrase; `opinion` adds up those that a message has."""

    def __init__(self, strengths: dict[str, int]) -> None:
        self.strengths = strengths
        lengths: dict[str, set[int]] = {}
        for phrase in strengths:
            words = phrase.split()
            lengths.setdefault(words[0], set()).add(len(words))
        self._lengths = {first: sorted(those, reverse=True) for first, those in lengths.items()}

    def opinion(self, words: Sequence[str], negated: Sequence[bool] | None) -> tuple[int, int]:
        """Return the sums of what speaks for and against a price, both positive, in fifths of a strength."""
        bullish = bearish = passed = 0
        lengths = self._lengths
        for position in [place for place, word in enumerate(words) if word in lengths]:
            if position < passed:
                continue  # inside a phrase that has counted
            length, strength = self._phrase_at(words, position)
            passed = position + length
            strength *= _NEGATED if negated and negated[position] else _PLAIN
            if strength > 0:
                bullish += strength
            else:
                bearish -= strength
        return bullish, bearish

    def _phrase_at(self, words: Sequence[str], position: int) -> tuple[int, int]:
        """Return how many words the longest phrase that starts here has, and its strength."""
        for length in self._lengths[words[position]]:
            phrase = words[position] if length == 1 else " ".join(words[position : position + length])
            strength = self.strengths.get(phrase)
            if strength is not None:
                return length, strength
        return 1, 0


def read_lexicon(path: Path = SHIPPED) -> Lexicon:
    """Read lines of `strength: phrase, phrase, …`; those that begin with # are comments."""
    strengths = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        strength, separator, phrases = line.partition(":")
        if separator and not line.startswith("#"):
            strengths.update({phrase.strip(): int(strength) for phrase in phrases.split(",")})
    return Lexicon(strengths)
