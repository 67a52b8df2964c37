"""The archive of the revisions on S3, as Firehose writes it: minutes are rebuilt from it."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from datetime import datetime, timedelta

import psycopg

from common.logs import get_logger
from common.storage import Store
from sentiment_minibatch.streaming.revisions import Change, Merged, UnreadableError, merge, read_change

log = get_logger(__name__)

_GZIP = b"\x1f\x8b"
_HOUR = timedelta(hours=1)


def rebuild(
    connection: psycopg.Connection, store: Store, start: datetime, end: datetime
) -> Iterator[tuple[str, Merged]]:
    """Bring the minutes up to date with the objects that Firehose wrote in [start, end), by whole hours (UTC).

    Each object is a transaction; its key and what it held are yielded. Only the prefixes of those hours are listed, so
    neither the age of the archive nor what could not be delivered (its own prefix, outside) costs anything. Doing it
    again, or while the reader runs, changes nothing.
    """
    hour = start.replace(minute=0, second=0, microsecond=0)
    while hour < end:
        for key in store.list(f"dt={hour:%Y-%m-%d}/hour={hour:%H}/"):
            unreadable: list[int] = []
            with connection.transaction():
                merged = merge(connection, _changes(key, store.get(key), unreadable))
            merged.unreadable = len(unreadable)
            yield key, merged
        hour += _HOUR


def _changes(key: str, content: bytes, unreadable: list[int]) -> Iterator[Change]:
    text = gzip.decompress(content) if content.startswith(_GZIP) else content
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            yield read_change(line)
        except UnreadableError as error:
            log.error("a line is no revision", key=key, line=number, reason=str(error))
            unreadable.append(number)
