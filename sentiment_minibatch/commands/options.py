"""What several commands share: the database they work on, and times given as options."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from common.errors import DataError, UnavailableError

if TYPE_CHECKING:
    import psycopg

_SECONDS_TO_START = 60
# The server ends what a killed client was running, and frees its locks, within seconds; also if the client's whole
# machine is gone, of which the network says nothing for two hours.
_NOTICE_A_DEAD_CLIENT = """
SET client_connection_check_interval = '2s';
SET tcp_keepalives_idle = '10s';
SET tcp_keepalives_interval = '5s';
SET tcp_keepalives_count = 3;
SET tcp_user_timeout = '25s';
"""


@contextmanager
def database() -> Iterator[psycopg.Connection]:
    """Connect in autocommit mode to a database whose schema is up to date.

    A connection that breaks off becomes an `UnavailableError`: every command can simply be run again.
    """
    from common.postgres import connect, database_url
    from sentiment_minibatch.schema import check_schema

    with _kept(connect(database_url(), autocommit=True)) as connection:
        check_schema(connection)
        yield connection


@contextmanager
def database_to_prepare() -> Iterator[psycopg.Connection]:
    """Connect as `database` does, but whatever the schema, and to a server that may take a minute to start."""
    from common.postgres import database_url

    with _kept(_connect_once_started(database_url())) as connection:
        yield connection


def _connect_once_started(url: str) -> psycopg.Connection:
    from common.postgres import DatabaseUnavailableError, connect

    deadline, said = time.monotonic() + _SECONDS_TO_START, False
    while True:
        try:
            return connect(url, autocommit=True)
        except DatabaseUnavailableError as error:
            if time.monotonic() >= deadline:
                raise
            if not said:
                click.echo(f"{error}; waiting up to {_SECONDS_TO_START} seconds for it", err=True)
            said = True
            time.sleep(1)


@contextmanager
def _kept(opened: psycopg.Connection) -> Iterator[psycopg.Connection]:
    import psycopg

    try:
        with opened as connection:
            connection.execute(_NOTICE_A_DEAD_CLIENT)
            yield connection
    except psycopg.OperationalError as error:
        reason = str(error).strip().splitlines()[0]
        raise UnavailableError(f"the database broke off ({reason}); nothing is lost, run the command again") from None


class UtcTime(click.ParamType[datetime]):
    """A time as an option: ISO 8601, in UTC unless it has an offset."""

    name = "time"

    def convert(self, value: str | datetime, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Return the time in UTC, or fail as click does."""
        try:
            time = value if isinstance(value, datetime) else datetime.fromisoformat(value)
            return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is no time; expected for example 2026-11-22T14:30", param, ctx)


class Quantity(click.FloatRange):
    """A finite number within bounds."""

    def __init__(self, smallest: float, largest: float) -> None:
        super().__init__(smallest, largest)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number, or fail as click does: no bound keeps nan out."""
        number: float = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value!r} is not a number", param, ctx)
        return number


def minute_range(start: datetime, end: datetime) -> tuple[datetime, datetime]:
    """Check that a range of event times is one of whole minutes. Raises `click.UsageError`."""
    if start >= end:
        raise click.UsageError("--from must lie before --to")
    if any(time.second or time.microsecond for time in (start, end)):
        raise click.UsageError("--from and --to are whole minutes")
    return start, end


def report_set_aside(set_aside: list[str], files: int) -> None:
    """Raise `DataError`, once all else is done, if any of the files could not be read."""
    if set_aside:
        raise DataError(f"{len(set_aside):,} of {files:,} files set aside; {set_aside[0]}")
