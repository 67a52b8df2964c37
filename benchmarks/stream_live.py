"""How long a score takes from the raw stream to the row in PostgreSQL that counts it, in the live pipeline."""

from __future__ import annotations

import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import psycopg

from common.postgres import connect, embedded_database_url
from sentiment_minibatch.generator import Arrival, StreamSettings, arrivals
from sentiment_minibatch.live import as_time_passes, numbered
from sentiment_minibatch.schema import migrate
from sentiment_minibatch.scores import symbol_of
from sentiment_minibatch.streaming.pipeline import Pipeline, pipeline

Minute = tuple[str, datetime]
WATERMARK_SECONDS = 30
_MINUTE = timedelta(minutes=1)


def measure_live(settings: Iterable[tuple[int, int]], minutes: float) -> None:
    """Print the seconds from arrival to row, median and 99th percentile, for each rate and number of symbols."""
    print(f"\nlive, {minutes:g} minutes each; seconds from a score's arrival to the row that counts it, p50 and p99")
    print(f"{'':22} {'in time':^15} {'of it, after the':^17} {'late':^15}")
    print(f"{'messages/s':>11} {'symbols':>10} {'':15} {'window could close':^17} {'':15} {'scores':>10}")
    for rate, symbols in settings:
        in_time, waited, late = _measure(rate, symbols, minutes)
        print(
            f"{rate:>11} {symbols:>10,} {_pair(in_time)} {_pair(waited):>17} {_pair(late)} {len(in_time):>10,}",
            flush=True,
        )


def _pair(seconds: list[float]) -> str:
    p50, p99 = np.percentile(seconds, [50, 99]) if seconds else (np.nan, np.nan)
    return f"{p50:>7.1f} {p99:>7.1f}"


def _measure(rate: int, symbols: int, minutes: float) -> tuple[list[float], list[float], list[float]]:
    with tempfile.TemporaryDirectory() as temporary, pipeline(Path(temporary, "flink")) as stages:
        with connect(embedded_database_url(Path(temporary, "postgres")), autocommit=True) as connection:
            migrate(connection)
            producing = _Producing(stages, rate, symbols)
            producing.start()
            rows = _watch(stages, connection, time.monotonic() + minutes * 60)
            producing.stop()
        return _delays(producing.arrived, rows)


class _Producing(threading.Thread):
    """Puts each score into the raw stream when its time comes, and notes when the stream had it."""

    def __init__(self, stages: Pipeline, rate: int, symbols: int) -> None:
        super().__init__(daemon=True)
        self._stages = stages
        self._settings = StreamSettings(
            start=datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=15),  # when the Flink job has started
            minutes=60,
            messages=rate * 3_600,
            symbols=symbols,
            late_seconds=120,
            duplicate_share=0,
            conflict_share=0,
            broken_share=0,
        )
        self._stopped = threading.Event()
        self.arrived: dict[Minute, list[float]] = defaultdict(list)

    def run(self) -> None:
        prefix = str(int(self._settings.start.timestamp()))
        for second in as_time_passes(arrivals(self._settings)):
            if self._stopped.is_set():
                return
            self._stages.produce([numbered(prefix, arrival.delivery) for arrival in second])
            now = time.time()
            for minute in map(_minute_of, second):
                self.arrived[minute].append(now)

    def stop(self) -> None:
        self._stopped.set()
        self.join()


def _minute_of(arrival: Arrival) -> Minute:
    delivery = arrival.delivery
    created = datetime.fromisoformat(delivery.created_at or "")
    return symbol_of(delivery.symbol or "") or "", created.replace(second=0, microsecond=0) + _MINUTE


def _watch(stages: Pipeline, connection: psycopg.Connection, until: float) -> dict[Minute, list[tuple[float, int]]]:
    """Run the pipeline and return, for each minute, when rows with how many messages were first seen."""
    rows: dict[Minute, list[tuple[float, int]]] = defaultdict(list)
    seen: dict[Minute, int] = {}
    while time.monotonic() < until:
        stages.advance()
        if not stages.read_into(connection).objects:
            time.sleep(0.1)
            continue
        now = time.time()
        for symbol, period_ending, messages in connection.execute(
            "SELECT symbol, period_ending, bullish_count + bearish_count + neutral_count FROM sentiment.minute"
        ):
            if seen.get((symbol, period_ending)) != messages:
                seen[symbol, period_ending] = messages
                rows[symbol, period_ending].append((now, messages))
    return rows


def _delays(
    arrived: dict[Minute, list[float]], rows: dict[Minute, list[tuple[float, int]]]
) -> tuple[list[float], list[float], list[float]]:
    """Return the delays of scores in time, the same from when their window could close, and the delays of late scores.

    A symbol's scores stay in order, so the first row of a minute with k messages is the row of its k-th score.
    """
    in_time, waited, late = [], [], []
    for minute, versions in rows.items():
        closable = minute[1].timestamp() + WATERMARK_SECONDS
        for arrival, (seen, first) in zip(arrived[minute], _row_of_each(versions), strict=False):
            if first:
                in_time.append(seen - arrival)
                waited.append(seen - max(arrival, closable))
            else:
                late.append(seen - arrival)
    return in_time, waited, late


def _row_of_each(versions: list[tuple[float, int]]) -> Iterator[tuple[float, bool]]:
    """Yield, for each score of a minute, when its row was seen, and whether that was the minute's first row."""
    counted = 0
    for number, (seen, messages) in enumerate(versions):
        for _ in range(messages - counted):
            yield seen, number == 0
        counted = max(counted, messages)
