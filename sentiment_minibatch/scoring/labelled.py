"""Labelled messages to learn from, without the repeats that would be learnt and measured twice."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from common.errors import DataError
from sentiment_minibatch.files.inputs import files_at
from sentiment_minibatch.files.records import UnreadableFileError
from sentiment_minibatch.scoring.message import Message, mark_of
from sentiment_minibatch.scoring.message_files import TO_LEARN_FROM, messages_in
from sentiment_minibatch.scoring.text import clean, symbols_in, words_of

_FEWEST_OF_A_KIND = 20


@dataclass(frozen=True)
class LabelledMessages:
    """Texts with their authors' marks, and the hash of all of them."""

    texts: list[str]
    bullish: NDArray[np.bool_]
    sha256: str

    @property
    def base_rate(self) -> float:
        """The share of bullish marks."""
        return float(self.bullish.mean())


def read_labelled(uri: str, *, fewest: int = _FEWEST_OF_A_KIND) -> LabelledMessages:
    """Read the marked messages of a file, a folder or s3://, each wording once.

    Raises `DataError` if there are fewer than `fewest` of either mark.
    """
    marked: dict[tuple[str, ...], tuple[str, bool]] = {}
    for message in _messages_at(uri):
        if message.text and (mark := mark_of(message.label)):
            marked.setdefault(wording(message.text), (message.text, mark == "bullish"))
    texts = [text for text, _ in marked.values()]
    bullish = np.array([is_bullish for _, is_bullish in marked.values()], dtype=np.bool_)
    if min(bullish.sum(), (~bullish).sum()) < fewest:
        raise DataError(
            f"{uri} has {bullish.sum():,} bullish and {(~bullish).sum():,} bearish messages; "
            f"{fewest} of each are needed"
        )
    digest = hashlib.sha256()
    for text, is_bullish in marked.values():
        digest.update(f"{is_bullish}\0{text}\0".encode())
    return LabelledMessages(texts, bullish, digest.hexdigest())


def _messages_at(uri: str) -> Iterator[Message]:
    """Yield the messages of all files, but for those that cannot be read."""
    for file in files_at(uri):
        try:
            for _, message in messages_in(file, _pass_over, TO_LEARN_FROM):
                yield message
        except UnreadableFileError as error:
            raise DataError(f"{file.name}: {error}") from None


def _pass_over(_reason: str, _place: str) -> None:
    """Learn from the others."""


def wording(text: str) -> tuple[str, ...]:
    """Return a message's words without what differs between copies of it: tickers, numbers, links, marks."""
    return tuple(word for word in words_of(clean(text)) if word[0].islower()) or (text.strip(),)


def groups_by_ticker(texts: Sequence[str]) -> NDArray[np.int64]:
    """Return for each message the number of its first ticker: groups that no fold may split."""
    numbers: dict[str, int] = {}
    first = (next(iter(symbols_in(clean(text))), "") for text in texts)
    return np.array([numbers.setdefault(symbol, len(numbers)) for symbol in first])
