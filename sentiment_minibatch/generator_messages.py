"""The generator's stream in words: messages, from templates of its own, that say what its scores say.

It is a function of the stream's settings alone, as the scores are, and has their numbers, times and defects.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from sentiment_minibatch.generator import StreamSettings, arrivals
from sentiment_minibatch.scores import Delivery, score_micros_of, symbol_of
from sentiment_minibatch.scoring.message import Message

_MARKED_SHARE = 0.3  # of the messages that take a side
_BESIDE_SHARE = 0.05  # name a second ticker
_STRONG_MICROS = 400_000

_VERY_BULLISH = (
    "{tag} to the moon 🚀🚀 not selling a single share",
    "short squeeze starting on {tag}, shorts are trapped!!",
    "{tag} breakout on huge volume, loading calls",
    "backed up the truck on {tag} this morning, so undervalued",
    "{tag} new highs today, ${price} is next 📈",
    "Upgraded with a target of ${price}. {tag} is a monster",
    "{tag} bulls, congrats. This runs to ${price} easily",
)
_BULLISH = (
    "{tag} holding support nicely, added a few at ${price}",
    "long {tag} here, stop under ${price}",
    "buying the dip on {tag}, up {percent}% by friday I think",
    "{tag} looks strong into the close",
    "I like the setup on {tag}, higher lows all day",
    "{tag} good numbers, guidance raised",
    "don&#39;t sell {tag} before earnings",
)
_NEUTRAL = (
    "{tag}",
    "{tag} ${price}",
    "{tag} https://news.example.com/{number}",
    "{tag} when is the call",
    "{tag} what is the price of the option at ${price}",
    "{tag} anyone here",
)
_BEARISH = (
    "{tag} rejected at ${price} again, looks weak",
    "sold my {tag}, it keeps fading",
    "{tag} is overpriced, waiting for ${price}",
    "{tag} gap down coming, lower highs",
    "taking profits on {tag}, down {percent}% next week I fear",
    "not buying {tag} here, too expensive",
    "{tag} missed estimates, guidance cut",
)
_VERY_BEARISH = (
    "{tag} crash incoming, buying puts 📉",
    "{tag} is a scam, going to zero",
    "dump {tag} now, dilution is next",
    "{tag} bagholders will be trapped under ${price} 💩",
    "shorting {tag}, this is overvalued garbage",
    "{tag} free fall, bankruptcy by spring",
    "puts on {tag} are printing, down {percent}% and no bottom",
)


class MessageArrival(NamedTuple):
    """A message and the time at which it arrives."""

    at: datetime
    message: Message


def message_arrivals(settings: StreamSettings) -> Iterator[MessageArrival]:
    """Yield the messages in the order in which they arrive."""
    for at, delivery in arrivals(settings):
        yield MessageArrival(at, message_of(delivery, settings.seed))


def messages(settings: StreamSettings) -> Iterator[Message]:
    """Yield what `message_arrivals` yields, without the time of arrival."""
    return (arrival.message for arrival in message_arrivals(settings))


def message_of(delivery: Delivery, seed: int) -> Message:
    """Return a message that says what a score says; where the score is broken its text is missing."""
    micros = score_micros_of(delivery.score or "")
    if micros is None:
        return Message(delivery.message_id, delivery.created_at, None)
    choose = random.Random(f"{seed} {delivery.message_id} {delivery.score}")  # noqa: S311 (made-up messages)
    symbol = symbol_of(delivery.symbol or "")
    tag = f"${symbol}" if symbol else "this stock"
    text = choose.choice(_templates(micros)).format(
        tag=f"{tag} $SPY" if choose.random() < _BESIDE_SHARE and symbol else tag,
        price=choose.randint(3, 900),
        percent=choose.randint(2, 30),
        number=choose.randint(1_000, 9_999),
    )
    marked = micros and choose.random() < _MARKED_SHARE
    label = ("Bullish" if micros > 0 else "Bearish") if marked else None
    return Message(delivery.message_id, delivery.created_at, text, label)


def _templates(micros: int) -> tuple[str, ...]:
    if abs(micros) >= _STRONG_MICROS:
        return _VERY_BULLISH if micros > 0 else _VERY_BEARISH
    if micros == 0:
        return _NEUTRAL
    return _BULLISH if micros > 0 else _BEARISH
