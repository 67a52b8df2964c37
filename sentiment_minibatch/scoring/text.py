"""A message's text as the scorer reads it: its tickers and its words. It needs the standard library alone.

Everything here is spelled out in ranges of characters and not left to Unicode's tables, which differ between versions
of Python: the same text is read the same everywhere.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable
from itertools import chain

MAXIMUM_CHARACTERS = 10_000
MAXIMUM_SYMBOLS = 50
LONGEST_WORD = 24

_PARTS_REMEMBERED = 50_000

_LETTERS = "A-Za-zÀ-ÖØ-öø-ɏ"
_PICTURES = "\U0001f000-\U0001faff☀-➿←-⇿⬀-⯿"
# BRK.B and BTC.X, XRP.x, ES_F: a suffix of one or two letters belongs to the symbol, a word after a full stop does not.
_CASHTAG = r"(?<![\w$])\$[A-Za-z][A-Za-z0-9]{0,9}(?:[._-](?:[A-Z]{1,2}|x))?(?!\w)"
_TOKENS = re.compile(
    rf"(?:https?://|www\.)\S+|{_CASHTAG}|@\w+|#?[{_LETTERS}]+(?:'[{_LETTERS}]+)*"
    rf"|[+-]?\$?[0-9][0-9.,]*[%kKmMbB]?|[!?]+|\.\.+|[{_PICTURES}]",
    re.ASCII,
)
_REPEATED_LETTER = re.compile(r"(.)\1{2,}")
# Marks that are not seen but tear words apart: zero-width, directions of writing, variation selectors, controls.
_UNSEEN = re.compile(
    "[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]"
)
_LOOKALIKES = (("\u2018", "'"), ("\u2019", "'"), ("\uff04", "$"))


def clean(text: str) -> str:
    """Return a text with HTML entities resolved (twice, for some are escaped twice) and unseen marks taken out."""
    if "&" in text:
        text = html.unescape(html.unescape(text))
    text = text.replace("\0", "\ufffd")  # as JSON, streams and PostgreSQL hand it on
    if text.isascii():
        return text if text.isprintable() else _UNSEEN.sub("", text)
    text = _UNSEEN.sub("", text)
    for lookalike, plain in _LOOKALIKES:
        text = text.replace(lookalike, plain)
    return text


def symbols_in(text: str) -> list[str]:
    """Return the different symbols that a clean text names as cashtags ($TSLA, not $4.57), in capitals and in order."""
    if "$" not in text:
        return []
    parts = [part for part in text.split() if "$" in part]
    return list(dict.fromkeys(chain.from_iterable(map(_symbols_in_part, parts))))


def words_of(text: str) -> list[str]:
    """Return a clean text's tokens as the scorer knows them: `word_of` each of `tokens_of`, remembered by part."""
    return list(chain.from_iterable(map(_words_in_part, text.split())))


def tokens_of(text: str) -> list[str]:
    """Return a clean text's tokens as they are written: words, cashtags, links, numbers, marks, emoji."""
    return list(chain.from_iterable(map(_tokens_in, text.split())))


def _tokens_in(part: str) -> list[str]:
    """Return the tokens of what stands between blanks."""
    tokens: list[str] = _TOKENS.findall(part)
    return tokens


class _Remembered(dict[str, tuple[str, ...]]):
    """What is read in what stands between blanks, mostly the same; a flood of different parts only makes it forget."""

    def __init__(self, read: Callable[[str], Iterable[str]]) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, part: str) -> tuple[str, ...]:
        found = tuple(self._read(part))
        if len(part) <= LONGEST_WORD:
            if len(self) >= _PARTS_REMEMBERED:
                self.clear()
            self[part] = found
        return found


_words_in_part = _Remembered(lambda part: map(word_of, _tokens_in(part))).__getitem__
_symbols_in_part = _Remembered(
    lambda part: (token[1:].upper() for token in _tokens_in(part) if token[0] == "$" and token[1:2].isalpha())
).__getitem__


def word_of(token: str) -> str:  # noqa: PLR0911 (a token has as many kinds as this has answers)
    """Return what the scorer knows a token as: a word in small letters, or the name of its kind in capitals."""
    first = token[0]
    if first == "$" and token[1:2].isalpha():
        return "CASHTAG"
    if first == "@":
        return "USER"
    if first in "!?":
        return "?!" if "?" in token and "!" in token else token[:3]
    if first == ".":
        return ".."
    if first.isdecimal() or (first in "+-$"):
        return _number(token)
    if token.startswith(("http:", "https:", "www.")):
        return "LINK"
    return _REPEATED_LETTER.sub(r"\1\1\1", token[: 2 * LONGEST_WORD].lower())[:LONGEST_WORD]


def _number(token: str) -> str:
    sign = token[0] if token[0] in "+-" else ""
    kind = "PERCENT" if token.endswith("%") else "PRICE" if "$" in token else "NUMBER"
    return sign + kind
