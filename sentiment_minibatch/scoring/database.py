"""Messages in the database: brought in, scored in a loop of their own, and scored again by a new model.

A batch of messages is one transaction: what their old scores were is taken back, the new ones are counted as delivered
scores are, and the minutes that so change are noted for `aggregate`, which never waits for this.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg

from sentiment_minibatch.load import load
from sentiment_minibatch.prune import PRUNE_LOCK
from sentiment_minibatch.schema import statement
from sentiment_minibatch.scores import message_id_of, score_micros_of, time_of
from sentiment_minibatch.scoring.message import (
    Message,
    RejectedMessageError,
    TickerScore,
    checked,
    delivery_of,
    mark_of,
    score_message,
)
from sentiment_minibatch.scoring.score_messages import PlacedMessage, ScoringReport
from sentiment_minibatch.scoring.scorer import Scorer

FIRST = datetime(2000, 1, 1, tzinfo=UTC)
LAST = datetime(2100, 1, 1, tzinfo=UTC)
_AT_ONCE = 5_000


def deliver_messages(connection: psycopg.Connection, messages: Iterable[PlacedMessage], report: ScoringReport) -> int:
    """Put messages into the table, where they wait to be scored; return how many were new. Again changes nothing."""
    new = 0
    rest = iter(messages)
    while chunk := list(itertools.islice(rest, _AT_ONCE)):
        report.messages += len(chunk)
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock_shared(%s)", [PRUNE_LOCK])
            ((now, kept_from),) = connection.execute("SELECT now(), kept_from FROM sentiment.progress").fetchall()
            sound = [message for place, message in chunk if _is_sound(message, now, place, report)]
            new += connection.execute(statement("deliver_messages"), _columns(sound, kept_from)).rowcount
    return new


def _is_sound(message: Message, now: datetime, place: str, report: ScoringReport) -> bool:
    try:
        checked(message, now)
    except RejectedMessageError as error:
        report.reject(str(error), place)
        return False
    return True


def _columns(messages: list[Message], kept_from: datetime) -> dict[str, Any]:
    return {
        "message_ids": [message_id_of(message.message_id or "") for message in messages],
        "times": [time_of(message.created_at or "") for message in messages],
        "texts": [message.text for message in messages],
        "marks": [mark_of(message.label) for message in messages],
        "kept_from": kept_from,
    }


def score_waiting(
    connection: psycopg.Connection,
    scorer: Scorer,
    *,
    again: bool = False,
    start: datetime = FIRST,
    end: datetime = LAST,
) -> Iterator[ScoringReport]:
    """Score a range's messages that wait, with `again` also those of another version; yield each batch's report."""
    while True:
        report = ScoringReport()
        with connection.transaction():
            _score_batch(connection, scorer, {"again": again, "start": start, "end": end}, report)
        if not report.messages:
            return
        yield report


def _score_batch(connection: psycopg.Connection, scorer: Scorer, which: dict[str, Any], report: ScoringReport) -> None:
    connection.execute("SELECT pg_advisory_xact_lock_shared(%s)", [PRUNE_LOCK])
    taking = {**which, "model": scorer.version, "at_most": _AT_ONCE}
    taken = connection.execute(statement("take_messages"), taking).fetchall()
    if not taken:
        return
    report.messages = len(taken)
    reasons: list[str | None] = []
    scores: list[tuple[int, TickerScore]] = []
    for delivery, message_id, created_at, text, mark in taken:
        message = Message(str(message_id), created_at.astimezone(UTC).isoformat(), text, mark)
        try:
            scores += [(delivery, score) for score in score_message(message, scorer)]
            reasons.append(None)
        except RejectedMessageError as error:
            reasons.append(str(error))
            report.reject(str(error), f"message {message_id}")
    counting = _that_count(scores)
    report.scores += len(counting)
    report.marked += sum(1 for _, score in counting if score.mark)
    _count(connection, scorer.version, [message_id for _, message_id, *_ in taken], counting)
    settled = {"model": scorer.version, "deliveries": [delivery for delivery, *_ in taken], "reasons": reasons}
    connection.execute(statement("settle_messages"), settled)


def _that_count(scores: list[tuple[int, TickerScore]]) -> list[tuple[int, TickerScore]]:
    """Return of each message and ticker the score that counts: of all deliveries the least (created_at, score)."""
    best: dict[tuple[str, str], tuple[int, TickerScore]] = {}
    for delivery, score in scores:
        key = (score.message_id, score.symbol)
        if key not in best or _order(score) < _order(best[key][1]):
            best[key] = (delivery, score)
    return list(best.values())


def _order(score: TickerScore) -> tuple[Any, ...]:
    return time_of(score.created_at), score_micros_of(score.score), score_micros_of(score.model_score)


def _count(
    connection: psycopg.Connection, model: str, batch: list[int], counting: list[tuple[int, TickerScore]]
) -> None:
    scores = [score for _, score in counting]
    columns = {
        "deliveries": [delivery for delivery, _ in counting],
        "model": model,
        "batch": batch,
        "message_ids": [int(score.message_id) for score in scores],
        "symbols": [score.symbol for score in scores],
        "times": [time_of(score.created_at) for score in scores],
        "micros": [score_micros_of(score.score) for score in scores],
        "model_micros": [score_micros_of(score.model_score) for score in scores],
        "marks": [score.mark or None for score in scores],
    }
    _withdraw(connection, columns)
    load(connection, map(delivery_of, scores), source=f"messages by scorer {model}")
    connection.execute(statement("record_message_scores"), columns)


def _withdraw(connection: psycopg.Connection, columns: dict[str, Any]) -> None:
    gone = connection.execute(statement("withdraw_message_scores"), columns).fetchall()
    if gone:
        message_ids, symbols, times = map(list, zip(*gone, strict=True))
        bounds = {"first": min(times), "last": max(times)}
        of_them = {"message_ids": message_ids, "symbols": symbols, "times": times}
        connection.execute(statement("remove_raw_scores"), {**of_them, **bounds})
