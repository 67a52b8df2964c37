"""The page's way to the database: connections are kept, no question takes long, hard ones are few at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import psycopg

from common.errors import UnavailableError
from common.postgres import connect
from sentiment_minibatch.index import Version, latest

Answer = TypeVar("Answer")

_LONGEST_STATEMENT = "5s"
_COMPUTING_AT_ONCE = 2
_WAITING_AT_MOST = 3
_SECONDS_TO_WAIT = 5.0


class BusyError(UnavailableError):
    """Too much is being computed; asking again in a second may help."""


class _BrokenOffError(UnavailableError):
    """The connection was lost while the question was asked."""


class Database:
    """A database that is only read. Every method raises an `UnavailableError` of the fitting kind."""

    def __init__(self, url: str, *, version_holds_seconds: float) -> None:
        self._url, self._holds = url, version_holds_seconds
        self._own = threading.local()
        self._opened: list[psycopg.Connection] = []
        self._admitted = threading.BoundedSemaphore(_COMPUTING_AT_ONCE + _WAITING_AT_MOST)
        self._computing = threading.BoundedSemaphore(_COMPUTING_AT_ONCE)
        self._version_lock = threading.Lock()
        self._version: tuple[float, Version] | None = None

    def read(self, question: Callable[[psycopg.Connection], Answer]) -> Answer:
        """Return what `question` finds on this thread's connection; one that has broken off is opened again once."""
        kept: psycopg.Connection | None = getattr(self._own, "connection", None)
        if kept is not None and not kept.closed:
            try:
                return _ask(kept, question)
            except _BrokenOffError:
                pass
        return _ask(self._connect(), question)

    def compute(self, question: Callable[[psycopg.Connection], Answer]) -> Answer:
        """Return what `read` does for a hard question: some at once, some waiting, `BusyError` to the others."""
        with self._place():
            return self.read(question)

    def version(self) -> Version:
        """Return the version of the minutes, at most `version_holds_seconds` old."""
        with self._version_lock:
            if self._version is None or time.monotonic() - self._version[0] >= self._holds:
                self._version = (time.monotonic(), self.read(latest))
            return self._version[1]

    def close(self) -> None:
        """Close the connections of all threads."""
        for connection in self._opened:
            connection.close()

    def _connect(self) -> psycopg.Connection:
        connection = connect(self._url, autocommit=True)
        connection.execute(f"SET statement_timeout = '{_LONGEST_STATEMENT}'".encode())
        self._own.connection = connection
        self._opened = [other for other in self._opened if not other.closed] + [connection]
        return connection

    @contextmanager
    def _place(self) -> Iterator[None]:
        if not self._admitted.acquire(blocking=False):
            raise BusyError("too many histories are being computed")
        try:
            if not self._computing.acquire(timeout=_SECONDS_TO_WAIT):
                raise BusyError("too many histories are being computed")
            try:
                yield
            finally:
                self._computing.release()
        finally:
            self._admitted.release()


def _ask(connection: psycopg.Connection, question: Callable[[psycopg.Connection], Answer]) -> Answer:
    try:
        return question(connection)
    except psycopg.errors.QueryCanceled:
        raise BusyError("the database took too long to answer") from None
    except psycopg.OperationalError as error:
        connection.close()
        raise _BrokenOffError(f"the database broke off: {error}") from None
