"""Following the stream of revisions: reading it without end, and forgetting what is old."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

import psycopg

from common.logs import get_logger
from sentiment_minibatch.streaming.metrics import Progress
from sentiment_minibatch.streaming.reader import RevisionReader
from sentiment_minibatch.streaming.revisions import prune

log = get_logger(__name__)

POLL_SECONDS = 0.4  # a shard answers five reads a second, and Firehose reads too
_PRUNE_SECONDS = 3_600.0


def follow(
    reader: RevisionReader,
    connection: psycopg.Connection,
    progress: Progress,
    retention: timedelta,
    goes_on: Callable[[], bool],
) -> None:
    """Read and merge until `goes_on` says no; forget once an hour what is older than the retention."""
    next_prune = time.monotonic()
    while goes_on():
        started = time.monotonic()
        if started >= next_prune:
            prune(connection, retention)
            next_prune = started + _PRUNE_SECONDS
        merged = reader.poll()
        progress.polled()
        progress.behind.set(reader.behind_seconds)
        progress.revisions.inc(merged.revisions)
        progress.alone.inc(merged.messages)
        progress.unreadable.inc(merged.unreadable)
        if merged.messages or merged.unreadable:
            log.info("read", revisions=merged.revisions, messages=merged.messages, unreadable=merged.unreadable)
        time.sleep(max(0.0, POLL_SECONDS - (time.monotonic() - started)))
