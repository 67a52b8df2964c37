"""How long a score takes to the page in the live pipeline: through AWS's own connectors, on a local AWS (moto)."""

from __future__ import annotations

import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import psycopg

from common.postgres import connect, embedded_database_url
from sentiment_minibatch.generator import Arrival, StreamSettings, arrivals
from sentiment_minibatch.live import as_time_passes, numbered
from sentiment_minibatch.schema import migrate
from sentiment_minibatch.scores import symbol_of
from sentiment_minibatch.streaming.destinations import KinesisStream
from sentiment_minibatch.streaming.follow import POLL_SECONDS
from sentiment_minibatch.streaming.local_aws import SCORED_STREAM
from sentiment_minibatch.streaming.pipeline import Pipeline, pipeline
from sentiment_minibatch.streaming.preprocess import judge_record
from sentiment_minibatch.streaming.producer import raw_record
from sentiment_minibatch.streaming.reader import RevisionReader

Minute = tuple[str, datetime]
_MINUTE = timedelta(minutes=1)
_START_SECONDS = 60  # what the job may take to start


def measure_live(settings: Iterable[tuple[int, int]], minutes: float) -> None:
    """Print the seconds from a score's arrival to the row that counts it, for each rate and number of symbols."""
    print(f"\nlive, {minutes:g} minutes each; seconds from the arrival in the scored stream to the row in PostgreSQL")
    print(f"{'messages/s':>11} {'symbols':>10} {'p50':>7} {'p99':>7} {'longest':>8} {'scores':>10} {'revisions':>10}")
    for rate, symbols in settings:
        delays, revisions = _measure(rate, symbols, minutes)
        p50, p99, longest = np.percentile(delays, [50, 99, 100]) if delays else (np.nan,) * 3
        print(
            f"{rate:>11} {symbols:>10,} {p50:>7.1f} {p99:>7.1f} {longest:>8.1f} {len(delays):>10,} {revisions:>10,}",
            flush=True,
        )


def _measure(rate: int, symbols: int, minutes: float) -> tuple[list[float], int]:
    with tempfile.TemporaryDirectory() as temporary, pipeline(Path(temporary, "flink")) as stages:
        with connect(embedded_database_url(Path(temporary, "postgres")), autocommit=True) as connection:
            migrate(connection)
            producing = _Producing(stages, rate, symbols)
            producing.start()
            rows, revisions = _watch(stages.reader(connection), stages, connection, producing, minutes)
        return _delays(producing.arrived, rows) if rows else [], revisions


class _Producing(threading.Thread):
    """Puts each score into the scored stream when its time comes, and notes when the stream had it."""

    def __init__(self, stages: Pipeline, rate: int, symbols: int) -> None:
        super().__init__(daemon=True)
        self._stream = KinesisStream(stages.aws.kinesis, SCORED_STREAM)
        self._settings = StreamSettings(
            start=datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=_START_SECONDS),
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
            sent = [raw_record(numbered(prefix, arrival.delivery)).data for arrival in second]
            judged = [judge_record("", data, datetime.now(UTC)).scored for data in sent]
            self._stream.put([record for record in judged if record is not None])
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


def _watch(
    reader: RevisionReader, stages: Pipeline, connection: psycopg.Connection, producing: _Producing, minutes: float
) -> tuple[dict[Minute, list[tuple[float, int]]], int]:
    """Read as the reader does, and note for each minute when a row with so many messages was first there."""
    rows: dict[Minute, list[tuple[float, int]]] = defaultdict(list)
    seen: dict[Minute, int] = {}
    revisions = 0
    ends = time.monotonic() + _START_SECONDS + minutes * 60
    while time.monotonic() < ends + 5:  # the last scores are given their time
        if time.monotonic() > ends:
            producing.stop()
        stages.job.check()
        merged = reader.poll()
        revisions += merged.revisions
        now = time.time()
        if merged.revisions:
            for symbol, period_ending, messages in connection.execute(
                "SELECT symbol, period_ending, bullish_count + bearish_count + neutral_count FROM sentiment.minute"
                " WHERE period_ending > now() - interval '5 minutes'"
            ):
                if messages > seen.get((symbol, period_ending), 0):
                    seen[symbol, period_ending] = messages
                    rows[symbol, period_ending].append((now, messages))
        time.sleep(POLL_SECONDS)
    return rows, revisions


def _delays(arrived: dict[Minute, list[float]], rows: dict[Minute, list[tuple[float, int]]]) -> list[float]:
    """Return the delay of each score that arrived once the job had sent its first row.

    A symbol's scores stay in order, so a row with k messages is that of its k-th score.
    """
    started = min(versions[0][0] for versions in rows.values())
    delays: list[float] = []
    for minute, versions in rows.items():
        counted = 0
        for seen, messages in versions:
            delays.extend(seen - at for at in arrived[minute][counted:messages] if at > started)
            counted = messages
    return delays
