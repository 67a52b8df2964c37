"""Following the stream of revisions without end, whatever is away for a while, and forgetting what is old."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Event
from typing import Any

import psycopg

from common.aws import errors_of_aws
from common.errors import ApplicationError, ConfigurationError
from common.logs import get_logger
from sentiment_minibatch.schema import OldSchemaError
from sentiment_minibatch.streaming.metrics import Progress
from sentiment_minibatch.streaming.reader import RevisionReader, is_the_only_reader
from sentiment_minibatch.streaming.revisions import prune

log = get_logger(__name__)

POLL_SECONDS = 0.4  # a shard answers five reads a second, and Firehose reads too
_WAIT_SECONDS = 1.0
_AGAIN_SECONDS = 3.0
_PRUNE_SECONDS = 3_600.0


@dataclass
class Follower:
    """Reads a stream into a database until stopped. What is away is tried again, from where the database's rows end.

    It forgets once an hour what is older than the retention.
    """

    client: Any
    stream: str
    database: Callable[[], AbstractContextManager[psycopg.Connection]]
    progress: Progress
    retention: timedelta
    stopped: Event
    _next_prune: float = field(default_factory=time.monotonic)
    _trouble: str = ""

    def run(self) -> None:
        """Follow until stopped. Raises `ConfigurationError` where a setting is wrong, which no patience mends."""
        while not self.stopped.is_set():
            try:
                with errors_of_aws(), self.database() as connection:
                    if self._is_our_turn(connection):
                        self._follow(connection)
            except ApplicationError as error:
                if not _may_pass(error):
                    raise
                self._failed(str(error))
                self.stopped.wait(_AGAIN_SECONDS)

    def _is_our_turn(self, connection: psycopg.Connection) -> bool:
        """Wait until no other reader of the database is left, or until stopped."""
        while not self.stopped.is_set():
            if is_the_only_reader(connection):
                return True
            self.progress.waits()
            self.stopped.wait(_WAIT_SECONDS)
        return False

    def _follow(self, connection: psycopg.Connection) -> None:
        reader = RevisionReader(self.client, self.stream, connection)
        while not self.stopped.is_set():
            started = time.monotonic()
            if started >= self._next_prune:
                prune(connection, self.retention)
                self._next_prune = started + _PRUNE_SECONDS
            self._read(reader)
            self.stopped.wait(max(0.0, POLL_SECONDS - (time.monotonic() - started)))

    def _read(self, reader: RevisionReader) -> None:
        merged = reader.poll()
        self.progress.read(reader.behind_seconds)
        self.progress.revisions.inc(merged.revisions)
        self.progress.alone.inc(merged.messages)
        self.progress.unreadable.inc(merged.unreadable)
        if merged.messages or merged.unreadable:
            log.info("read", revisions=merged.revisions, messages=merged.messages, unreadable=merged.unreadable)
        if self._trouble:
            log.info("reads again", stream=self.stream)
            self._trouble = ""

    def _failed(self, reason: str) -> None:
        self.progress.failed(reason)
        if reason != self._trouble:  # once is enough of what lasts
            log.warning("tries again", stream=self.stream, reason=reason)
            self._trouble = reason


def _may_pass(error: ApplicationError) -> bool:
    """Tell whether what is wrong may mend itself: all but settings; migrations may be on their way."""
    return not isinstance(error, ConfigurationError) or isinstance(error, OldSchemaError)
