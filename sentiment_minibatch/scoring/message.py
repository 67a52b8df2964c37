"""A message of the network and what becomes of it: the scores of its tickers. It needs the standard library alone."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sentiment_minibatch.scores import MAXIMUM_CLOCK_SKEW, Delivery, message_id_of, time_of
from sentiment_minibatch.scoring.scorer import Scorer
from sentiment_minibatch.scoring.text import MAXIMUM_CHARACTERS, MAXIMUM_SYMBOLS

_MARKS = {"bullish": "bullish", "bearish": "bearish", "bull": "bullish", "bear": "bearish"}
_NO_MARK = frozenset(("", "none", "null", "neutral"))


class Message(NamedTuple):
    """A message as it was delivered: text, not yet judged; None where a field was absent. `label` is its author's."""

    message_id: str | None
    created_at: str | None
    text: str | None
    label: str | None = None


class TickerScore(NamedTuple):
    """What a message says about one ticker.

    `score` is what counts: the author's own mark (1 or -1) where there is one, the model's otherwise. `mark` is empty
    where there is none; `model_score` and `model` say what the model, of that version, makes of the words.
    """

    message_id: str
    symbol: str
    score: str
    created_at: str
    mark: str
    model_score: str
    model: str


class RejectedMessageError(ValueError):
    """A message that cannot be scored; its text is the reason."""


def mark_of(label: str | None) -> str | None:
    """Return an author's mark, bullish or bearish, or None where there is none. Raises `RejectedMessageError`."""
    bare = (label or "").strip().lower()
    if bare in _NO_MARK:
        return None
    try:
        return _MARKS[bare]
    except KeyError:
        raise RejectedMessageError("label is neither bullish nor bearish") from None


def checked(message: Message, now: datetime | None = None) -> str:
    """Return the text of a message whose fields are sound and which, if `now` is given, does not lie in the future.

    Raises `RejectedMessageError` with the first thing that is wrong.
    """
    if message.message_id is None or message_id_of(message.message_id) is None:
        raise RejectedMessageError("message_id is no whole number of at most 18 digits")
    created_at = time_of(message.created_at or "")
    if created_at is None:
        raise RejectedMessageError("created_at is no RFC 3339 time of the years 2000 to 2099")
    if now is not None and created_at > now + MAXIMUM_CLOCK_SKEW:
        raise RejectedMessageError("created_at lies in the future")
    if message.text is None:
        raise RejectedMessageError("text is missing")
    if len(message.text) > MAXIMUM_CHARACTERS:
        raise RejectedMessageError(f"text has more than {MAXIMUM_CHARACTERS:,} characters")
    mark_of(message.label)
    return message.text


def score_message(message: Message, scorer: Scorer) -> list[TickerScore]:
    """Return a score for each ticker that a message names. Raises `RejectedMessageError` with the one reason."""
    scores = scorer.score(checked(message))
    if not scores:
        raise RejectedMessageError("text names no ticker")
    if len(scores) > MAXIMUM_SYMBOLS:
        raise RejectedMessageError(f"text names more than {MAXIMUM_SYMBOLS} tickers")
    mark = mark_of(message.label)
    return [_ticker_score(message, symbol, f"{score:.4f}", mark, scorer.version) for symbol, score in scores.items()]


def _ticker_score(message: Message, symbol: str, model_score: str, mark: str | None, model: str) -> TickerScore:
    score = model_score if mark is None else "1.0000" if mark == "bullish" else "-1.0000"
    return TickerScore(
        message.message_id or "", symbol, score, message.created_at or "", mark or "", model_score, model
    )


def delivery_of(score: TickerScore) -> Delivery:
    """Return a score as the delivery that counts."""
    return Delivery(score.message_id, score.symbol, score.score, score.created_at)
