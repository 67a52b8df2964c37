"""From S3 into PostgreSQL: the revisions that Firehose delivered become the minutes that the page and the API show."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import resources
from typing import Any

import psycopg

from common.errors import DataError
from common.storage import Store

_REVISION = (
    "symbol",
    "period_ending",
    "revision",
    "bullish_sum",
    "bearish_sum",
    "bullish_count",
    "bearish_count",
    "neutral_count",
    "late_count",
)
_TOO_LATE = ("message_id", "symbol", "period_ending", "created_at_micros", "bullish_micros", "bearish_micros")
_STATEMENTS = ("keep_revisions", "keep_too_late", "bring_minutes_up_to_date", "bring_market_up_to_date")
_GZIP = b"\x1f\x8b"


@dataclass
class StreamReport:
    """How many objects were read, and what they held."""

    objects: int = 0
    revisions: int = 0
    too_late: int = 0

    def add(self, other: StreamReport) -> None:
        """Add another report's numbers to this one's."""
        self.objects += other.objects
        self.revisions += other.revisions
        self.too_late += other.too_late

    def __str__(self) -> str:
        return f"{self.objects:,} objects: {self.revisions:,} revisions of minutes, {self.too_late:,} messages too late"


def read_stream(connection: psycopg.Connection, store: Store) -> StreamReport:
    """Bring the minutes up to date with the objects that have not been read yet, a transaction each.

    In which order they come, or whether one comes twice, makes no difference: the latest revision counts. The
    connection is in autocommit mode. Raises `DataError` naming an object that holds something else.
    """
    report = StreamReport()
    connection.execute(_statement("stage"))
    for key in _unread(connection, store.list()):
        revised, too_late = _rows(key, store.get(key))
        with connection.transaction():
            _copy(connection, "revised", _REVISION, revised)
            _copy(connection, "came_too_late", _TOO_LATE, too_late)
            for name in _STATEMENTS:
                connection.execute(_statement(name))
            connection.execute("INSERT INTO sentiment.stream_object (key) VALUES (%s) ON CONFLICT DO NOTHING", [key])
        report.objects += 1
        report.revisions += len(revised)
        report.too_late += len(too_late)
    return report


def _unread(connection: psycopg.Connection, keys: Iterable[str]) -> Iterator[str]:
    listed = sorted(key for key in keys if not key.rpartition("/")[2].startswith("."))  # those are still being written
    read = connection.execute("SELECT key FROM sentiment.stream_object WHERE key = ANY(%s)", [listed]).fetchall()
    done = {key for (key,) in read}
    return (key for key in listed if key not in done)


def _rows(key: str, content: bytes) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    text = gzip.decompress(content) if content.startswith(_GZIP) else content
    revised: list[dict[str, Any]] = []
    too_late: list[dict[str, Any]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            row = json.loads(line)
            (too_late if row.keys() == set(_TOO_LATE) else revised).append(row)
            if row.keys() not in (set(_TOO_LATE), set(_REVISION)):
                raise ValueError(f"it has the fields {', '.join(row)}")
        except (ValueError, AttributeError) as error:
            raise DataError(f"{key}, line {number}, is no revision of a minute: {error}") from None
    return revised, too_late


def _copy(connection: psycopg.Connection, table: str, fields: tuple[str, ...], rows: list[dict[str, Any]]) -> None:
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({', '.join(fields)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row([row[field] for field in fields])


def _statement(name: str) -> bytes:
    return resources.files("sentiment_minibatch.streaming").joinpath("postgres", f"{name}.sql").read_bytes()
