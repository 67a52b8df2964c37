"""A stream of message sentiment scores as a network delivers it: drifting, reacting, late, repeated, sometimes broken.

It is a function of its settings alone: the same seed gives the same deliveries, in the same order of arrival.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sentiment_minibatch.scores import Delivery
from sentiment_minibatch.tickers import symbol_names

_HALF_LIFE_OF_NEWS_MINUTES = 20.0
_BROKEN = (
    ("score", ""),
    ("score", "bullish"),
    ("score", "1.5"),
    ("score", "NaN"),
    ("created_at", "yesterday"),
    ("created_at", "2026-02-30T00:00:00Z"),
    ("symbol", " "),
    ("symbol", "$"),
    ("message_id", "x17"),
)


@dataclass(frozen=True, kw_only=True)
class StreamSettings:
    """What stream to make: `messages` distinct (message, symbol) scores over `minutes` from `start`.

    Shares are of those messages: delivered late (after up to `late_seconds`), out of order (up to
    `out_of_order_seconds`), twice, twice with another content, and broken ones in addition.
    """

    seed: int = 1
    start: datetime = datetime(2026, 1, 5, 14, 30, tzinfo=UTC)
    minutes: int = 60
    messages: int = 100_000
    symbols: int = 1_000
    out_of_order_share: float = 0.2
    out_of_order_seconds: float = 30.0
    late_share: float = 0.01
    late_seconds: float = 3_600.0
    duplicate_share: float = 0.01
    conflict_share: float = 0.0005
    broken_share: float = 0.001
    news_per_hour: float = 6.0


class Arrival(NamedTuple):
    """A delivery and the time at which it arrives."""

    at: datetime
    delivery: Delivery


def arrivals(settings: StreamSettings) -> Iterator[Arrival]:
    """Yield the deliveries in the order in which they arrive; memory holds a minute and what is still under way."""
    under_way: list[tuple[int, int, Delivery]] = []
    serial = 0
    for minute, sent in enumerate(_minutes(settings)):
        for arrival_us, delivery in sent:
            serial += 1
            heapq.heappush(under_way, (arrival_us, serial, delivery))
        complete_until = (minute + 1) * 60_000_000
        while under_way and under_way[0][0] < complete_until:
            arrival_us, _, delivery = heapq.heappop(under_way)
            yield Arrival(settings.start + timedelta(microseconds=arrival_us), delivery)
    for arrival_us, _, delivery in sorted(under_way):
        yield Arrival(settings.start + timedelta(microseconds=arrival_us), delivery)


def deliveries(settings: StreamSettings) -> Iterator[Delivery]:
    """Yield what `arrivals` yields, without the time of arrival."""
    return (arrival.delivery for arrival in arrivals(settings))


def _minutes(settings: StreamSettings) -> Iterator[list[tuple[int, Delivery]]]:
    """Yield, for each minute of event time, its deliveries with their arrival in microseconds after the start."""
    random = np.random.default_rng(settings.seed)
    mood = _Mood(random, settings)
    names = np.array(symbol_names(settings.symbols))
    sent_before = 0
    for minute in range(settings.minutes):
        mood.advance()
        sent = settings.messages * (minute + 1) // settings.minutes - sent_before
        symbols = random.choice(settings.symbols, size=sent, p=mood.volume())
        numbers = range(sent_before + 1, sent_before + sent + 1)
        created = minute * 60_000_000 + np.sort(random.integers(0, 60_000_000, sent))
        messages = _messages(settings, numbers, created, names[symbols], mood.scores(symbols))
        yield _sent(random, settings, created, messages)
        sent_before += sent


class _Mood:
    """How each symbol is felt about, and how much it is talked about, minute by minute.

    Sentiment reverts to its mean (an Ornstein-Uhlenbeck process in steps of a minute) around a mood that the market
    shares; news moves one symbol at once and multiplies its volume, and both effects fade.
    """

    def __init__(self, random: np.random.Generator, settings: StreamSettings) -> None:
        self._random = random
        self._news_per_minute = settings.news_per_hour / 60
        self._popularity = 1.0 / np.arange(1, settings.symbols + 1) ** 1.1
        self._market = 0.1
        self._sentiment = random.normal(0.1, 0.15, settings.symbols)
        self._shock = np.zeros(settings.symbols)
        self._burst = np.zeros(settings.symbols)

    def advance(self) -> None:
        count = self._sentiment.size
        self._market += 0.01 * (0.1 - self._market) + self._random.normal(0, 0.015)
        self._sentiment += 0.01 * (self._market - self._sentiment) + self._random.normal(0, 0.025, count)
        fading = 0.5 ** (1 / _HALF_LIFE_OF_NEWS_MINUTES)
        self._shock *= fading
        self._burst *= fading
        for _ in range(self._random.poisson(self._news_per_minute)):
            symbol = self._random.choice(count, p=self._popularity / self._popularity.sum())
            self._shock[symbol] += self._random.choice([-1, 1]) * self._random.uniform(0.15, 0.5)
            self._burst[symbol] += self._random.uniform(2, 12)

    def volume(self) -> NDArray[np.float64]:
        weights = self._popularity * (1 + self._burst)
        share: NDArray[np.float64] = weights / weights.sum()
        return share

    def scores(self, symbols: NDArray[np.int64]) -> NDArray[np.float64]:
        mean = np.clip(self._sentiment[symbols] + self._shock[symbols], -0.9, 0.9)
        scores = np.clip(self._random.normal(mean, 0.4), -1, 1).round(4)
        scores[self._random.random(symbols.size) < 0.3] = 0.0  # many messages take no side
        opinions: NDArray[np.float64] = scores
        return opinions


def _messages(
    settings: StreamSettings,
    numbers: range,
    created_us: NDArray[np.int64],
    symbols: NDArray[np.str_],
    scores: NDArray[np.float64],
) -> list[Delivery]:
    start = np.datetime64(settings.start.astimezone(UTC).replace(tzinfo=None), "us")
    times = np.datetime_as_string(start + created_us.astype("timedelta64[us]")).tolist()
    return [
        Delivery(str(number), f"${symbol}" if number % 2 else symbol, f"{score:.4f}", f"{time}Z")
        for number, symbol, score, time in zip(numbers, symbols.tolist(), scores.tolist(), times, strict=True)
    ]


def _sent(
    random: np.random.Generator, settings: StreamSettings, created_us: NDArray[np.int64], messages: list[Delivery]
) -> list[tuple[int, Delivery]]:
    arrival_us = created_us + _delays(random, settings, len(messages))
    sent = list(zip(arrival_us.tolist(), messages, strict=True))
    return sent + _repeated(random, settings, sent) + _broken(random, settings, sent)


def _delays(random: np.random.Generator, settings: StreamSettings, count: int) -> NDArray[np.int64]:
    seconds = random.uniform(0, 0.2, count)
    kind = random.random(count)
    late = kind < settings.late_share
    out_of_order = ~late & (kind < settings.late_share + settings.out_of_order_share)
    seconds[late] = random.uniform(settings.out_of_order_seconds, settings.late_seconds, late.sum())
    seconds[out_of_order] = random.uniform(0, settings.out_of_order_seconds, out_of_order.sum())
    microseconds: NDArray[np.int64] = (seconds * 1e6).astype(np.int64)
    return microseconds


def _repeated(
    random: np.random.Generator, settings: StreamSettings, sent: list[tuple[int, Delivery]]
) -> list[tuple[int, Delivery]]:
    """Deliver some again within five minutes: as they were, or (a sender's defect) with another score."""
    again = []
    for kind, share in (("same", settings.duplicate_share), ("conflict", settings.conflict_share)):
        for i in np.flatnonzero(random.random(len(sent)) < share).tolist():
            at, delivery = sent[i]
            if kind == "conflict":
                delivery = delivery._replace(score=f"{random.uniform(-1, 1):.4f}")
            again.append((at + int(random.integers(0, 300_000_000)), delivery))
    return again


def _broken(
    random: np.random.Generator, settings: StreamSettings, sent: list[tuple[int, Delivery]]
) -> list[tuple[int, Delivery]]:
    broken = []
    for i in np.flatnonzero(random.random(len(sent)) < settings.broken_share).tolist():
        at, delivery = sent[i]
        field, text = _BROKEN[int(random.integers(len(_BROKEN)))]
        broken.append((at, delivery._replace(**{"message_id": f"9{delivery.message_id}", field: text})))
    return broken
