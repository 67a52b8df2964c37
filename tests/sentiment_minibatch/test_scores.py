from datetime import UTC, datetime, timedelta

import pytest

from sentiment_minibatch.scores import (
    Delivery,
    RejectedDeliveryError,
    Score,
    judge,
    period_ending,
    score_micros_of,
    symbol_of,
    time_of,
)

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
VALID = Delivery("7", "$aapl", "0.25", "2026-11-22T11:59:59.999999Z")


def test_a_valid_delivery_is_normalised() -> None:
    assert judge(VALID, NOON) == Score(7, "AAPL", datetime(2026, 11, 22, 11, 59, 59, 999999, tzinfo=UTC), 250_000)


@pytest.mark.parametrize(
    ("field", "text", "reason"),
    [
        ("message_id", None, "message_id is missing"),
        ("message_id", "-1", "message_id is not a whole number of at most 18 digits"),
        ("symbol", " \t", "symbol is missing"),
        ("symbol", "$", "symbol is not a ticker symbol"),
        ("symbol", "1ABC", "symbol is not a ticker symbol"),
        ("score", "", "score is missing"),
        ("score", "NaN", "score is not a number in [-1, 1]"),
        ("score", "1.0000001", "score is not a number in [-1, 1]"),
        ("created_at", "2026-11-22T11:59:59", "created_at is not an RFC 3339 time with an offset"),
        ("created_at", "2026-02-30T00:00:00Z", "created_at is not an RFC 3339 time with an offset"),
        ("created_at", "2026-11-22T12:10:01Z", "created_at lies in the future"),
    ],
)
def test_a_bad_delivery_is_rejected_with_the_reason(field: str, text: str | None, reason: str) -> None:
    with pytest.raises(RejectedDeliveryError) as error:
        judge(VALID._replace(**{field: text}), NOON)
    assert str(error.value) == reason


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("1", 1_000_000),
        ("-1.000000", -1_000_000),
        ("0.0000005", 1),  # halves go away from zero
        ("-0.0000005", -1),
        ("0.00000049999", 0),
        ("-0.0000004", 0),
        (" .5 ", 500_000),
        ("5e-1", 500_000),
        ("1e-99", 0),
        ("1e1", None),
        ("--1", None),
        ("0x1", None),
        ("\u0660.\u0665", None),
    ],
)
def test_a_score_is_its_decimal_text_rounded_to_millionths(text: str, micros: int | None) -> None:
    assert score_micros_of(text) == micros


@pytest.mark.parametrize(
    ("text", "symbol"),
    [("$aapl", "AAPL"), (" btc.x\r\n", "BTC.X"), ("BRK-B", "BRK-B"), ("$$A", None), ("straße", None), ("A" * 16, None)],
)
def test_a_symbol_is_trimmed_stripped_of_its_dollar_and_put_in_capitals(text: str, symbol: str | None) -> None:
    assert symbol_of(text) == symbol


def test_digits_beyond_microseconds_never_move_a_message_into_the_next_minute() -> None:
    time = time_of("2026-11-22T11:59:59.999999999Z")
    assert time is not None
    assert period_ending(time) == NOON


def test_a_minute_is_half_open() -> None:
    assert period_ending(NOON) == NOON + timedelta(minutes=1)
    assert period_ending(NOON - timedelta(microseconds=1)) == NOON
