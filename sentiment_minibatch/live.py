"""Scores of this very moment, made up: what the demo's page shows."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg

from common.logs import get_logger
from sentiment_minibatch.generator import Arrival, StreamSettings, arrivals
from sentiment_minibatch.generator_messages import message_of
from sentiment_minibatch.load import load
from sentiment_minibatch.scores import Delivery
from sentiment_minibatch.scoring.artifact import shipped_scorer
from sentiment_minibatch.scoring.database import deliver_messages, score_waiting
from sentiment_minibatch.scoring.score_messages import ScoringReport, placed

log = get_logger(__name__)
_MINUTES = 7 * 24 * 60


def insert_live(connection: psycopg.Connection, *, seed: int, symbols: int, rate: float) -> None:
    """Insert a score when its time of arrival comes, about `rate` a second, until interrupted."""
    settings, prefix = _live_stream(seed, symbols, rate)
    for batch in as_time_passes(arrivals(settings)):
        load(
            connection,
            [numbered(prefix, arrival.delivery) for arrival in batch],
            source=f"live since {settings.start:%FT%TZ}",
        )


def insert_live_messages(connection: psycopg.Connection, *, seed: int, symbols: int, rate: float) -> None:
    """Insert messages, and score them, when their time of arrival comes, about `rate` a second, until interrupted."""
    settings, prefix = _live_stream(seed, symbols, rate)
    scorer = shipped_scorer()
    for batch in as_time_passes(arrivals(settings)):
        fresh = [message_of(numbered(prefix, arrival.delivery), seed) for arrival in batch]
        deliver_messages(connection, placed(fresh, "live"), ScoringReport())
        for _ in score_waiting(connection, scorer):
            pass


def _live_stream(seed: int, symbols: int, rate: float) -> tuple[StreamSettings, str]:
    """Return the settings of a stream that starts now, and message numbers' beginning that no earlier one has used."""
    start = datetime.now(UTC).replace(microsecond=0)
    settings = StreamSettings(
        seed=seed,
        start=start,
        minutes=_MINUTES,
        messages=max(1, int(rate * 60 * _MINUTES)),
        symbols=symbols,
        late_seconds=300,
    )
    log.info("inserting live", rate=rate, symbols=symbols)
    return settings, str(int(start.timestamp()))


def as_time_passes(stream: Iterator[Arrival]) -> Iterator[list[Arrival]]:
    """Yield the arrivals of each second when it is over."""
    for _, group in itertools.groupby(stream, key=lambda arrival: arrival.at.replace(microsecond=0)):
        batch = list(group)
        time.sleep(max(0.0, (batch[0].at.replace(microsecond=0) + timedelta(seconds=1)).timestamp() - time.time()))
        yield batch


def numbered(prefix: str, delivery: Delivery) -> Delivery:
    """Return a delivery under a message number that begins with `prefix`; one without a number stays as it is."""
    number = delivery.message_id or ""
    return delivery._replace(message_id=f"{prefix}{number:0>8}") if number.isdigit() else delivery
