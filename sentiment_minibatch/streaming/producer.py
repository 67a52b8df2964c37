"""Deliveries into the raw stream, each under the key of its symbol, so that a symbol stays in one shard."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator

from common.errors import UnavailableError
from sentiment_minibatch.scores import Delivery, symbol_of
from sentiment_minibatch.scoring.message import Message
from sentiment_minibatch.streaming.destinations import KinesisStream
from sentiment_minibatch.streaming.records import Record

_RECORDS_AT_ONCE = 5_000
_LONGEST_KEY = 256


def produce(stream: KinesisStream, deliveries: Iterable[Delivery]) -> int:
    """Put the deliveries into the stream and return how many they were.

    No more of them are taken from their source than the stream has accepted (back-pressure). Raises
    `UnavailableError` if it goes on refusing some.
    """
    return _put(stream, map(raw_record, deliveries))


def _put(stream: KinesisStream, records: Iterator[Record]) -> int:
    count = 0
    while chunk := list(itertools.islice(records, _RECORDS_AT_ONCE)):
        if lost := stream.put(chunk):
            raise UnavailableError(
                f"the stream refused {len(lost):,} of {len(chunk):,} records in every attempt; "
                "give it more shards or send more slowly, then run this again: what is sent twice counts once"
            )
        count += len(chunk)
    return count


def produce_messages(stream: KinesisStream, messages: Iterable[Message]) -> int:
    """Put messages into the stream as `produce` puts deliveries."""
    return _put(stream, map(raw_message, messages))


def raw_record(delivery: Delivery) -> Record:
    """Return a delivery as the raw stream carries it: as it came, bad ones too."""
    return Record(key_of(delivery), json.dumps(delivery._asdict()).encode() + b"\n")


def key_of(delivery: Delivery) -> str:
    """Return the key by which a delivery's shard is chosen: its symbol, or what stands in its place."""
    symbol = delivery.symbol or ""
    return symbol_of(symbol) or symbol.strip()[:_LONGEST_KEY] or "-"


def raw_message(message: Message) -> Record:
    """Return a message as the raw stream carries it. It may be about several symbols, so its number is the key."""
    return Record((message.message_id or "-")[:_LONGEST_KEY] or "-", json.dumps(message._asdict()).encode() + b"\n")
