"""A stream of revisions as the Flink job writes them, loud in one of its two shards, and the minutes that they make."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

STREAM = "sentiment-revisions"
LOUD = ("S1", "S5", "S7", "S10", "S11")  # Kinesis gives their keys to the first of two shards,
QUIET = "S0"  # and this one to the second

Minute = tuple[str, datetime]
Totals = tuple[int, int, int, int, int, int]

_MINUTE = timedelta(minutes=1)
_REVISIONS_OF_A_MINUTE = 20
_ALONE_EVERY = 25
_BATCH = 100
_SECONDS_BETWEEN = 0.25


class Stream:
    """Writes revisions, and some messages alone, and knows what a database that has read them all must hold."""

    def __init__(self, kinesis: Any) -> None:
        self.minutes: dict[Minute, Totals] = {}
        self._kinesis = kinesis
        self._start = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(hours=20)
        self._written: list[tuple[str, int]] = []
        self._numbers = iter(range(1, 1_000_000))
        kinesis.create_stream(StreamName=STREAM, ShardCount=2)
        kinesis.get_waiter("stream_exists").wait(StreamName=STREAM)

    @property
    def records(self) -> int:
        """How many were written."""
        return len(self._written)

    def records_through(self, read: Mapping[str, int]) -> int:
        """Return how many records stand at or before these sequence numbers, one of each shard."""
        return sum(number <= read.get(shard, -1) for shard, number in list(self._written))

    def write(self, count: int) -> None:
        """Write so many records into the loud shard."""
        for start in range(0, count, _BATCH):
            self._put([self._next() for _ in range(min(_BATCH, count - start))])

    def write_quietly(self) -> None:
        """Write one record into the quiet shard: the minute that has just ended, of a symbol of its own."""
        number = next(self._numbers)
        ending = datetime.now(UTC).replace(second=0, microsecond=0)
        self._put([(QUIET, self._revision(QUIET, ending, number, messages=number, final=True))])

    @contextmanager
    def being_written(self) -> Iterator[None]:
        """Let the loud shard be written to all the time."""
        ends = threading.Event()

        def write() -> None:
            while not ends.wait(_SECONDS_BETWEEN):
                self.write(_BATCH)

        writer = threading.Thread(target=write)
        writer.start()
        try:
            yield
        finally:
            ends.set()
            writer.join()

    def _next(self) -> tuple[str, dict[str, Any]]:
        number = next(self._numbers)
        if number % _ALONE_EVERY == 0:
            return LOUD[0], self._alone(number)
        symbol = LOUD[number % len(LOUD)]
        of_minute, turn = divmod(number // len(LOUD), _REVISIONS_OF_A_MINUTE)
        final = turn == _REVISIONS_OF_A_MINUTE - 1
        return symbol, self._revision(symbol, self._start + of_minute * _MINUTE, number, messages=turn + 1, final=final)

    def _revision(self, symbol: str, ending: datetime, number: int, *, messages: int, final: bool) -> dict[str, Any]:
        totals = (messages * 500_000, 0, messages * 250_000, messages, 0, 0)
        self.minutes[symbol, ending] = totals
        names = ("bullish_sum", "bearish_sum", "squares_sum", "bullish_count", "bearish_count", "neutral_count")
        return {
            "symbol": symbol,
            "period_ending": f"{ending:%Y-%m-%dT%H:%M:%SZ}",
            "position": str(number),
            "revision": number,
            "final": final,
            **dict(zip(names, totals, strict=True)),
            "late_count": 0,
        }

    def _alone(self, number: int) -> dict[str, Any]:
        """A message of a minute of which the job sends no revision: whoever counts it twice is found out."""
        ending = self._start - timedelta(hours=1)
        symbol = "ALONE"
        count = self.minutes.get((symbol, ending), (0, 0, 0, 0, 0, 0))[3] + 1
        self.minutes[symbol, ending] = (count * 250_000, 0, count * 62_500, count, 0, 0)
        return {
            "symbol": symbol,
            "period_ending": f"{ending:%Y-%m-%dT%H:%M:%SZ}",
            "position": str(number),
            "message_id": number,
            "created_at_micros": int((ending - timedelta(seconds=5)).timestamp()) * 1_000_000,
            "score_micros": 250_000,
        }

    def _put(self, records: list[tuple[str, dict[str, Any]]]) -> None:
        entries = [{"PartitionKey": key, "Data": json.dumps(record).encode()} for key, record in records]
        answer = self._kinesis.put_records(StreamName=STREAM, Records=entries)
        assert answer["FailedRecordCount"] == 0
        self._written += [(record["ShardId"], int(record["SequenceNumber"])) for record in answer["Records"]]
