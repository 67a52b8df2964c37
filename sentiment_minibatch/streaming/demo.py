"""The demo: live scores through the whole pipeline, windows closing on the terminal and on the page, objects on S3."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
from rich.console import Console

from common.errors import ApplicationError
from common.postgres import connect, embedded_database_url
from sentiment_minibatch.generator import StreamSettings, arrivals
from sentiment_minibatch.live import as_time_passes, numbered
from sentiment_minibatch.schema import migrate
from sentiment_minibatch.streaming.pipeline import Pipeline, pipeline

_HISTORY = timedelta(minutes=3)
_HISTORY_SECONDS_PER_SECOND = 10
_OBJECTS_SHOWN = 5
_SHOWN_AGAIN = 500  # messages by which an open minute has grown


def run_demo(console: Console, *, minutes: float | None, rate: float, symbols: int, port: int) -> None:
    """Run until interrupted, or for some minutes. The first three minutes of the stream lie in the past.

    Raises `ApplicationError` when a part of the pipeline fails, `ConfigurationError` when one is missing.
    """
    with tempfile.TemporaryDirectory(prefix="stream-demo-") as temporary, pipeline(Path(temporary, "flink")) as stages:
        url = embedded_database_url(Path(temporary, "postgres"))
        with connect(url, autocommit=True) as connection, _page(url, port, Path(temporary, "page.log")):
            migrate(connection)
            console.print(f"the page: http://127.0.0.1:{port}/  (Ctrl-C ends the demo)")
            _stream(console, stages, connection, minutes=minutes, rate=rate, symbols=symbols)
            _show_objects(console, stages)


def _stream(
    console: Console,
    stages: Pipeline,
    connection: psycopg.Connection,
    *,
    minutes: float | None,
    rate: float,
    symbols: int,
) -> None:
    producing = _Producing(stages, rate, symbols)
    producing.start()
    ends = time.monotonic() + minutes * 60 if minutes is not None else float("inf")
    seen: dict[datetime, tuple[bool, int, int]] = {}
    reader = stages.reader(connection)
    try:
        while time.monotonic() < ends:
            producing.check()
            stages.advance()
            if reader.poll().revisions:
                _show_minutes(console, connection, seen)
            time.sleep(0.2)
    except KeyboardInterrupt:
        console.print("stopping")


class _Producing(threading.Thread):
    """Puts each score into the raw stream when its time comes."""

    def __init__(self, stages: Pipeline, rate: float, symbols: int) -> None:
        super().__init__(daemon=True)
        start = datetime.now(UTC).replace(microsecond=0) - _HISTORY
        length = 24 * 60
        self._settings = StreamSettings(
            start=start, minutes=length, messages=int(rate * 60 * length), symbols=symbols, late_seconds=240
        )
        self._stages = stages
        self._failure: Exception | None = None

    def run(self) -> None:
        prefix = str(int(self._settings.start.timestamp()))
        try:
            for second in as_time_passes(arrivals(self._settings)):
                self._stages.produce([numbered(prefix, arrival.delivery) for arrival in second])
                if second[0].at < datetime.now(UTC) - timedelta(seconds=10):
                    time.sleep(1 / _HISTORY_SECONDS_PER_SECOND)
        except Exception as error:  # `check` raises it where it can be handled
            self._failure = error

    def check(self) -> None:
        """Raise what has stopped the producing, if anything has."""
        if self._failure is not None:
            raise self._failure


def _show_minutes(
    console: Console, connection: psycopg.Connection, seen: dict[datetime, tuple[bool, int, int]]
) -> None:
    rows = connection.execute(
        "SELECT period_ending, period_ending <= aggregated_through, symbols, bullish_count, bearish_count,"
        "       neutral_count, late_messages"
        " FROM sentiment.market_minute CROSS JOIN sentiment.progress"
        " WHERE period_ending <= open_through ORDER BY period_ending"
    ).fetchall()
    for period_ending, closed, of_symbols, bullish, bearish, neutral, late in rows:
        messages = bullish + bearish + neutral
        before = seen.get(period_ending)
        if before == (closed, messages, late) or (before and not closed and messages < before[1] + _SHOWN_AGAIN):
            continue
        word = "filling" if not closed else "revised" if before and before[0] else "closed "
        seen[period_ending] = (closed, messages, late)
        console.print(
            f"{datetime.now(UTC):%H:%M:%S}  minute to {period_ending:%H:%M} {word}: {messages:5,} messages, "
            f"{of_symbols:4,} symbols, {bullish:5,} bullish, {bearish:5,} bearish, {late:3,} late",
            soft_wrap=True,
        )


def _show_objects(console: Console, stages: Pipeline) -> None:
    objects = stages.objects()
    console.print(f"{len(objects)} objects on S3, {sum(size for _, size in objects):,} bytes; the last:")
    for key, size in objects[-_OBJECTS_SHOWN:]:
        console.print(f"  s3://sentiment/{key}  {size:,} bytes", soft_wrap=True)


@contextmanager
def _page(url: str, port: int, log: Path) -> Iterator[None]:
    command = [sys.executable, "-m", "sentiment_minibatch", "serve", "--port", str(port)]
    with log.open("wb") as output:
        server = subprocess.Popen(command, env={**os.environ, "DATABASE_URL": url}, stdout=output, stderr=output)
    try:
        time.sleep(1)
        if server.poll() is not None:
            raise ApplicationError(f"the page did not start: {log.read_text(encoding='utf-8').strip()[-300:]}")
        yield
    finally:
        server.terminate()
        server.wait()
