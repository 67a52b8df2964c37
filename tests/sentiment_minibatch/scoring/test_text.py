"""What a message's text names and says, before any model: cashtags, entities, unseen marks, kinds of tokens."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment_minibatch.scores import symbol_of
from sentiment_minibatch.scoring.text import clean, symbols_in, tokens_of, word_of, words_of


def symbols(text: str) -> list[str]:
    return symbols_in(clean(text))


def words(text: str) -> list[str]:
    read = words_of(clean(text))
    assert read == [word_of(token) for token in tokens_of(clean(text))]
    return read


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("$TSLA up", ["TSLA"]),
        ("long $ETH.X and $BRK.B, not $4.57", ["ETH.X", "BRK.B"]),
        ("$tsla $TSLA $Tsla", ["TSLA"]),
        ("$AAPL. Next", ["AAPL"]),
        ("($F) $GE!", ["F", "GE"]),
        ("$ES_F overnight", ["ES_F"]),
        ("$TSLA,$NIO/$XPEV", ["TSLA", "NIO", "XPEV"]),
        ("US$TSLA a$b $$$ $", []),
        ("$50 $1,000 $4.57B", []),
        ("https://example.com/?q=$TSLA", []),
        ("&#36;TSLA &amp;#36;NIO", ["TSLA", "NIO"]),
        ("\uff04TSLA", ["TSLA"]),
        ("$TS\u200bLA \u202e$NIO\u202c", ["TSLA", "NIO"]),
        ("$ABCDEFGHIJKLMNOPQR", []),
        ("", []),
    ],
)
def test_cashtags_name_tickers(text: str, named: list[str]) -> None:
    assert symbols(text) == named


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("Don&#39;t BUY", ["don't", "buy"]),
        ("don\u2019t", ["don't"]),
        ("soooooo good", ["sooo", "good"]),
        ("up 5% to $4.57, +12.5% or 300k", ["up", "PERCENT", "to", "PRICE", "+PERCENT", "or", "NUMBER"]),
        ("why?! no!! ... see https://a.b/c @someone", ["why", "?!", "no", "!!", "..", "see", "LINK", "USER"]),
        ("moon \U0001f680\U0001f680", ["moon", "\U0001f680", "\U0001f680"]),
        ("über café", ["über", "café"]),
    ],
)
def test_words_are_read_as_people_write_them(text: str, read: list[str]) -> None:
    assert words(text) == read


@given(st.text())
def test_every_symbol_is_one_that_can_be_counted(text: str) -> None:
    assert all(symbol_of(symbol) == symbol for symbol in symbols(f"$A{text} ${text}"))


@given(st.text())
def test_cleaning_and_reading_stand_any_text(text: str) -> None:
    assert all(words(text))


@pytest.mark.parametrize(
    "piece", ["$", "!", "a", "&", "&#", "$A", "a'", ".", "http://", "\u202e", "9,", "+$", "#", "\n", "$A "]
)
def test_reading_takes_time_in_proportion_to_the_length(piece: str) -> None:
    def seconds(count: int) -> float:
        text = piece * count
        started = time.process_time()
        words(text)
        return time.process_time() - started

    small = min(seconds(5_000) for _ in range(3))
    assert min(seconds(20_000) for _ in range(3)) < 16 * small + 0.05  # a quadratic reader would take 16 times as long
