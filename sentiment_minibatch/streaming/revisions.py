"""Revisions of minutes, as the Flink job sends them, become the minutes that the page and the API show.

In which order they come, or whether one comes twice, makes no difference: positions in the stream say what counts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from importlib import resources
from typing import Any

import psycopg

Change = dict[str, Any]

_COUNTS = (
    "revision",
    "bullish_sum",
    "bearish_sum",
    "squares_sum",
    "bullish_count",
    "bearish_count",
    "neutral_count",
    "late_count",
)
_MESSAGE = ("message_id", "created_at_micros", "score_micros")
_MINUTE = ("symbol", "period_ending", "position")
_COLUMNS = (*_MINUTE, "final", *_COUNTS, *_MESSAGE)
_STATEMENTS = (
    "drop_pruned",
    "keep_revisions",
    "keep_messages",
    "bring_minutes_up_to_date",
    "bring_market_up_to_date",
    "advance",
)
_POSITION = re.compile(r"[0-9]{1,100}")
_PERIOD_ENDING = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:00Z")


@dataclass
class Merged:
    """What was read: revisions of minutes, messages that were sent alone, and lines that are neither."""

    revisions: int = 0
    messages: int = 0
    unreadable: int = 0

    def add(self, other: Merged) -> None:
        """Add another report's numbers to this one's."""
        self.revisions += other.revisions
        self.messages += other.messages
        self.unreadable += other.unreadable

    def __str__(self) -> str:
        unreadable = f", {self.unreadable:,} lines that are neither" if self.unreadable else ""
        return f"{self.revisions:,} revisions of minutes, {self.messages:,} messages sent alone{unreadable}"


class UnreadableError(ValueError):
    """A line that is neither a revision of a minute nor a message."""


def read_change(line: bytes) -> Change:
    """Return a line of JSON as the job sends it. Raises `UnreadableError`."""
    try:
        change: Change = json.loads(line)
    except ValueError as error:
        raise UnreadableError(f"it is no JSON: {error}") from None
    fields = set(change) if isinstance(change, dict) else set()
    if fields == {*_MINUTE, *_MESSAGE}:
        numbers: tuple[str, ...] = _MESSAGE
    elif fields == {*_MINUTE, "final", *_COUNTS} and isinstance(change["final"], bool):
        numbers = _COUNTS
    else:
        raise UnreadableError(f"it has the fields {', '.join(sorted(map(str, fields)))}")
    for field in numbers:
        if type(change[field]) is not int:
            raise UnreadableError(f"{field} is no whole number")
    for field, pattern in (("position", _POSITION), ("period_ending", _PERIOD_ENDING)):
        if not pattern.fullmatch(str(change[field])):
            raise UnreadableError(f"{field} is {change[field]!r}")
    return change


def merge(connection: psycopg.Connection, changes: Iterable[Change]) -> Merged:
    """Bring the minutes up to date with changes; the caller's transaction makes them visible."""
    report = Merged()
    connection.execute(_statement("stage"))
    with connection.cursor() as cursor, cursor.copy(f"COPY change ({', '.join(_COLUMNS)}) FROM STDIN") as copy:
        for change in changes:
            copy.write_row([change.get(column) for column in _COLUMNS])
            if "message_id" in change:
                report.messages += 1
            else:
                report.revisions += 1
    for name in _STATEMENTS:
        connection.execute(_statement(name))
    return report


def prune(connection: psycopg.Connection, retention: timedelta) -> None:
    """Forget how minutes older than `retention` came together, by whole UTC days; the minutes stay.

    What comes for them later changes nothing any more.
    """
    connection.execute(_statement("prune"), {"retention": retention})


def _statement(name: str) -> bytes:
    return resources.files("sentiment_minibatch.streaming").joinpath("postgres", f"{name}.sql").read_bytes()
