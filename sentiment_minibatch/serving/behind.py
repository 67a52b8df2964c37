"""The messages behind a ticker's last hour, and the words that made their scores."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

import psycopg

from sentiment_minibatch.schema import statement
from sentiment_minibatch.scoring.artifact import shipped_scorer
from sentiment_minibatch.scoring.explain import Explanation, explain, strongest
from sentiment_minibatch.scoring.text import word_of
from sentiment_minibatch.serving.models import Behind, MessageBehind, WordBehind

_SPAN = timedelta(hours=1)
_READ = 100
_SHOWN = 12
_WORDS_OF_A_MESSAGE = 5
_WORDS_SHOWN = 12


def read_behind(connection: psycopg.Connection, symbol: str, as_of: datetime) -> Behind:
    """Return the strongest messages of a ticker's last hour, and the words that weigh most in a hundred of them."""
    span = {"symbol": symbol, "start": as_of - _SPAN, "end": as_of, "at_most": _READ}
    rows = connection.execute(statement("messages_behind"), span).fetchall()
    explained = [(row, explain(row[1], shipped_scorer())) for row in rows]
    return Behind(
        symbol=symbol,
        messages=rows[0][-1] if rows else 0,
        words=_words([explanation for _, explanation in explained]),
        strongest=[_message(row, explanation) for row, explanation in explained[:_SHOWN]],
    )


def _message(row: tuple[Any, ...], explanation: Explanation) -> MessageBehind:
    created_at, text, micros, mark, model, _ = row
    same = model == shipped_scorer().version  # another model's words would explain another score
    parts = strongest(explanation, _WORDS_OF_A_MESSAGE) if same else []
    words = [WordBehind(word=part.token, log_odds=round(part.log_odds, 3), messages=1) for part in parts]
    return MessageBehind(created_at=created_at, text=text, score=micros / 1e6, mark=mark, model=model, words=words)


def _words(explanations: list[Explanation]) -> list[WordBehind]:
    """Return the words whose contributions add up to most; tickers, links and numbers are none."""
    sums: dict[str, list[float]] = defaultdict(list)
    for explanation in explanations:
        for part in explanation.contributions:
            word = word_of(part.token)
            if (not word[0].isupper() and word[0].isalpha()) or not word.isascii():
                sums[word].append(part.log_odds)
    ordered = sorted(sums.items(), key=lambda item: -abs(sum(item[1])))[:_WORDS_SHOWN]
    return [WordBehind(word=word, log_odds=round(sum(odds), 3), messages=len(odds)) for word, odds in ordered]
