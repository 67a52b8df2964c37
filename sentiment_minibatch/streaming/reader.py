"""From the stream of revisions into PostgreSQL: what the page shows within seconds.

How far each shard was read stands in the database, in the transaction of the rows: a reader that was killed goes on
where its rows end.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg

from common.logs import get_logger
from sentiment_minibatch.streaming.revisions import Change, Merged, UnreadableError, merge, read_change
from sentiment_minibatch.streaming.shards import KinesisRecord, ShardBatch, ShardPosition, ShardReader

log = get_logger(__name__)

RECORDS_PER_READ = 5_000
_READER_LOCK = 7_031_012
_READ_THROUGH = """
INSERT INTO sentiment.stream_shard (stream, shard, sequence_number, finished) VALUES (%s, %s, %s, %s)
ON CONFLICT (stream, shard) DO UPDATE
    SET sequence_number = excluded.sequence_number, finished = excluded.finished, read_at = now()
"""


class RevisionReader:
    """Brings a database's minutes up to date with a stream of revisions; the connection is in autocommit mode."""

    def __init__(self, client: Any, stream: str, connection: psycopg.Connection) -> None:
        self._stream = stream
        self._connection = connection
        self._read = _positions(connection, stream)
        self._shards = ShardReader(client, stream, RECORDS_PER_READ, self._read)
        self.behind_seconds = 0.0

    def poll(self) -> Merged:
        """Read what each shard has now, a transaction each, and return what that was."""
        total = Merged()
        behind = 0.0
        for batch in self._shards.poll_all():
            if batch.records or batch.ended:
                total.add(self._keep(batch))
            behind = max(behind, batch.behind_seconds)
        self.behind_seconds = behind
        return total

    def _keep(self, batch: ShardBatch) -> Merged:
        changes = list(_changes(batch.records))
        before = self._read.get(batch.shard)
        through = batch.records[-1]["SequenceNumber"] if batch.records else before.sequence_number if before else "0"
        with self._connection.transaction():
            merged = merge(self._connection, changes)
            self._connection.execute(_READ_THROUGH, [self._stream, batch.shard, through, batch.ended])
        self._read[batch.shard] = ShardPosition(through, batch.ended)
        merged.unreadable = len(batch.records) - len(changes)
        return merged


def is_the_only_reader(connection: psycopg.Connection) -> bool:
    """Tell whether no other connection reads into this database; if so this one does from now on, until it ends."""
    return connection.execute("SELECT pg_try_advisory_lock(%s)", [_READER_LOCK]).fetchone() == (True,)


def _positions(connection: psycopg.Connection, stream: str) -> dict[str, ShardPosition]:
    rows = connection.execute(
        "SELECT shard, sequence_number, finished FROM sentiment.stream_shard WHERE stream = %s", [stream]
    )
    return {shard: ShardPosition(sequence_number, finished) for shard, sequence_number, finished in rows}


def _changes(records: list[KinesisRecord]) -> Iterator[Change]:
    for record in records:
        try:
            yield read_change(record["Data"])
        except UnreadableError as error:
            log.error("a record is no revision", sequence_number=record["SequenceNumber"], reason=str(error))
