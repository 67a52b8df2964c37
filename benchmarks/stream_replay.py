"""The replay that every engine of `make bench-stream` reads, its true counts, and what an engine counted."""

from __future__ import annotations

import json
import os
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from sentiment_minibatch.generator import StreamSettings, deliveries
from sentiment_minibatch.streaming.preprocess import judge_record
from sentiment_minibatch.streaming.producer import raw_record

PARTS = 20
END = "ZEND"
Minutes = Counter[tuple[str, str]]


@dataclass(frozen=True)
class Replay:
    """A directory with the scored deliveries: whole/all.ndjson; in many files, parts/; in two by symbol, shards/."""

    directory: Path
    events: int

    def truth(self) -> Minutes:
        """Return how many messages each (symbol, period_ending) has: of a message's deliveries the least one counts."""
        counted: dict[tuple[int, str], tuple[int, int]] = {}
        with (self.directory / "whole" / "all.ndjson").open() as lines:
            for row in map(json.loads, lines):
                key = (row["message_id"], row["symbol"])
                order = (row["created_at_micros"], row["bullish_micros"] + row["bearish_micros"])
                counted[key] = min(order, counted.get(key, order))
        return Counter((symbol, period_ending(created)) for (_, symbol), (created, _) in counted.items())


def period_ending(created_at_micros: int) -> str:
    """Return the end of an event's minute."""
    minute = datetime.fromtimestamp(created_at_micros // 60_000_000 * 60 + 60, UTC)
    return f"{minute:%Y-%m-%dT%H:%M:%SZ}"


def make_replay(root: Path, messages: int, symbols: int) -> Replay:
    """Write an hour of preprocessed deliveries, unless they are there already."""
    directory = root / f"{messages}-messages-{symbols}-symbols"
    done = directory / "events"
    if not done.exists():
        lines = list(_scored(StreamSettings(seed=20260105, messages=messages, symbols=symbols)))
        _write(directory / "whole" / "all.ndjson", lines)
        for shard in range(2):
            own = [line for line in lines if zlib.crc32(json.loads(line)["symbol"].encode()) % 2 == shard]
            _write(directory / "shards" / f"{shard}.ndjson", own)
        remaining = iter(lines)
        for part in range(PARTS):
            _write(directory / "parts" / f"{part:02}.ndjson", islice(remaining, -(-len(lines) // PARTS)))
            os.utime(directory / "parts" / f"{part:02}.ndjson", (part, part))  # Spark reads the oldest first
        # A day later: what closes every window of an engine that does not know of the end of a stream.
        end = {**json.loads(lines[-1]), "symbol": END}
        end["created_at_micros"] += 86_400_000_000
        _write(directory / "parts" / "end.ndjson", [json.dumps(end).encode() + b"\n"])
        done.write_text(str(len(lines)))
    return Replay(directory, int(done.read_text()))


def _scored(settings: StreamSettings) -> Iterator[bytes]:
    now = datetime.now(UTC)
    for delivery in deliveries(settings):
        judged = judge_record("", raw_record(delivery).data, now)
        if judged.scored is not None:
            yield judged.scored.data


def _write(path: Path, lines: Iterable[bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(lines))


def counted_in(out: Path) -> Minutes:
    """Return what an engine wrote; of several revisions of a minute the latest counts."""
    latest: dict[tuple[str, str], tuple[int, int]] = {}
    for file in out.glob("part-*"):
        with file.open() as lines:
            for row in map(json.loads, lines):
                if "message_id" in row:
                    raise SystemExit("a message was sent alone, which this does not add up")
                messages = row["bullish_count"] + row["bearish_count"] + row["neutral_count"]
                key = (row["symbol"], row["period_ending"])
                latest[key] = max((row.get("revision", 0), messages), latest.get(key, (-1, 0)))
    return Counter({key: messages for key, (_, messages) in latest.items() if messages and key[0] != END})
