"""What a delivered score means: the rules for its fields. It needs the standard library alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple, TypeVar

Value = TypeVar("Value")

MAXIMUM_CLOCK_SKEW = timedelta(minutes=10)

_BLANKS = " \t\r\n"
_MESSAGE_ID = re.compile(r"[0-9]{1,18}")
_SYMBOL = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,14}")
_SCORE = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,2})?")
_TIME = re.compile(
    r"(20[0-9]{2}-[0-9]{2}-[0-9]{2})[Tt ]((?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9])(\.[0-9]{1,9})?"
    r"([Zz]|[+-](?:0[0-9]|1[0-4]):[0-5][0-9])"
)


class Delivery(NamedTuple):
    """One score as it was delivered: text, not yet judged; None where the field was absent."""

    message_id: str | None
    symbol: str | None
    score: str | None
    created_at: str | None


@dataclass(frozen=True, order=True)
class Score:
    """A valid score. Of several deliveries of one (message_id, symbol) the least (created_at, score_micros) counts."""

    message_id: int
    symbol: str
    created_at: datetime
    score_micros: int


class RejectedDeliveryError(ValueError):
    """A delivery that cannot be counted; its text is the reason that `rejected_score` shows."""


def judge(delivery: Delivery, now: datetime) -> Score:
    """Return the score that a delivery means. Raises `RejectedDeliveryError` naming the first field that is wrong."""
    message_id = _read("message_id", delivery.message_id, message_id_of)
    symbol = _read("symbol", delivery.symbol, symbol_of)
    micros = _read("score", delivery.score, score_micros_of)
    created_at = _read("created_at", delivery.created_at, time_of)
    if created_at > now + MAXIMUM_CLOCK_SKEW:
        raise RejectedDeliveryError("created_at lies in the future")
    return Score(message_id, symbol, created_at, micros)


def message_id_of(field: str) -> int | None:
    """Return a message's number, 0 to 10^18 - 1, or None."""
    bare = field.strip(_BLANKS)
    return int(bare) if _MESSAGE_ID.fullmatch(bare) else None


def symbol_of(field: str) -> str | None:
    """Return a ticker symbol without its leading $ and in capitals, `[A-Z][A-Z0-9._-]{0,14}`, or None."""
    bare = field.strip(_BLANKS).removeprefix("$")
    return bare.upper() if _SYMBOL.fullmatch(bare) else None


def score_micros_of(field: str) -> int | None:
    """Return a score of [-1, 1] in millionths, rounded half away from zero from its decimal text, or None."""
    bare = field.strip(_BLANKS)
    if len(bare) > 40 or not _SCORE.fullmatch(bare):
        return None
    score = Decimal(bare)
    if score.copy_abs() > 1:
        return None
    return int(score.quantize(Decimal("0.000001"), rounding=ROUND_HALF_UP).scaleb(6))


def time_of(field: str) -> datetime | None:
    """Return an RFC 3339 time of the years 2000 to 2099, in UTC and cut to microseconds, or None."""
    match = _TIME.fullmatch(field.strip(_BLANKS))
    if match is None:
        return None
    day, clock, fraction, offset = match.groups()
    try:
        written = datetime.fromisoformat(f"{day}T{clock}{(fraction or '')[:7]}{offset.upper()}")
    except ValueError:  # 30 February
        return None
    return written.astimezone(UTC)


def period_ending(created_at: datetime) -> datetime:
    """Return the end of the half-open minute [start, end) in which an event time lies."""
    return created_at.replace(second=0, microsecond=0) + timedelta(minutes=1)


def _read(name: str, field: str | None, rule: Callable[[str], Value | None]) -> Value:
    if field is None or not field.strip(_BLANKS):
        raise RejectedDeliveryError(f"{name} is missing")
    value = rule(field)
    if value is None:
        raise RejectedDeliveryError(f"{name} {_EXPECTED[name]}")
    return value


_EXPECTED = {
    "message_id": "is not a whole number of at most 18 digits",
    "symbol": "is not a ticker symbol",
    "score": "is not a number in [-1, 1]",
    "created_at": "is not an RFC 3339 time with an offset",
}
