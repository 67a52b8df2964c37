"""Writes a synthetic network as the Parquet tables that a run reads."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from common.progress import track
from common.storage import open_store
from recs_batch.network import Adjacency, MessageSlice, Network

_TIME = pa.timestamp("us", tz="UTC")
_ROWS_AT_ONCE = 4_000_000


def write_network(network: Network, uri: str, shown: int = 0) -> dict[str, int]:
    """Write every table of the network to `<uri>/<table>.parquet` and return the rows of each.

    Where `shown` is not 0, every user was shown about so many others lately, and dismissed a few of them.
    """
    store = open_store(uri)
    with tempfile.TemporaryDirectory() as folder:
        rows = _write_tables(network, Path(folder)) | (_write_shown(network, shown, Path(folder)) if shown else {})
        for table in rows:
            store.put(f"{table}.parquet", Path(folder) / f"{table}.parquet")
    return rows


def _write_tables(network: Network, folder: Path) -> dict[str, int]:
    size = network.size
    rows = {
        "users": _write(folder / "users.parquet", [_people(network, "users", size.users)]),
        "rooms": _write(folder / "rooms.parquet", [_people(network, "rooms", size.rooms)]),
        "follows": _write(folder / "follows.parquet", _links(network, network.follows, "follows", "following_user_id")),
        "subscriptions": _write(
            folder / "subscriptions.parquet", _links(network, network.subscriptions, "subscriptions", "room_id")
        ),
        "blocks": _write(folder / "blocks.parquet", [_blocks(network)]),
    }
    return rows | _write_messages(network, folder)


def _write_shown(network: Network, shown: int, folder: Path) -> dict[str, int]:
    user, item, days = network.shown(shown)
    row = np.repeat(np.arange(len(user)), days)
    day = np.arange(len(row)) - np.repeat(np.cumsum(days) - days, days)
    kind = pa.array(["users"]).dictionary_encode()
    columns = {"user_id": user + 1, "kind": np.zeros(len(user), np.int32), "item_id": item + 1}

    def table(rows: npt.NDArray[np.int64]) -> dict[str, Any]:
        found = {name: values[rows] for name, values in columns.items()}
        return found | {"kind": pa.DictionaryArray.from_arrays(found["kind"], kind.dictionary).cast(pa.string())}

    at = network.end - day.astype("timedelta64[D]") - np.timedelta64(12, "h")
    dismissed = np.flatnonzero(np.arange(len(user)) % 20 == 0)
    return {
        "impressions": _write(
            folder / "impressions.parquet", [pa.table(table(row) | {"shown_at": pa.array(at, _TIME)})]
        ),
        "dismissals": _write(folder / "dismissals.parquet", [pa.table(table(dismissed))]),
    }


def _write_messages(network: Network, folder: Path) -> dict[str, int]:
    rows = {"messages": 0, "likes": 0}
    messages: pq.ParquetWriter | None = None
    likes: pq.ParquetWriter | None = None
    for part in track(network.slices(), "generate messages and likes", network.slice_count):
        written, liked = _messages(part), _likes(part)
        messages = messages or pq.ParquetWriter(folder / "messages.parquet", written.schema, compression="zstd")
        likes = likes or pq.ParquetWriter(folder / "likes.parquet", liked.schema, compression="zstd")
        messages.write_table(written)
        likes.write_table(liked)
        rows["messages"] += len(written)
        rows["likes"] += len(liked)
    for writer in (messages, likes):
        if writer is not None:
            writer.close()
    return rows


def _write(path: Path, tables: Iterator[pa.Table] | list[pa.Table]) -> int:
    rows, writer = 0, None
    for table in tables:
        writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd")
        writer.write_table(table)
        rows += len(table)
    if writer is not None:
        writer.close()
    return rows


def _people(network: Network, table: str, count: int) -> pa.Table:
    since = np.full(count, network.end - np.timedelta64(400, "D"))
    columns = {"id": np.arange(1, count + 1), "active": network.active(table, count)}
    return pa.table(columns | {"created_at": pa.array(since, _TIME)})


def _links(network: Network, links: Adjacency, table: str, target: str) -> Iterator[pa.Table]:
    times = network.link_times(table, links)
    users = len(links.starts) - 1
    rows = max(1, _ROWS_AT_ONCE * users // max(len(links.targets), 1))
    for first in range(0, users, rows):
        last = min(first + rows, users)
        found = slice(links.starts[first], links.starts[last])
        sources = np.repeat(np.arange(first, last), np.diff(links.starts[first : last + 1]))
        columns = {"user_id": sources + 1, target: links.targets[found].astype(np.int64) + 1}
        yield pa.table(columns | {"created_at": pa.array(times[found], _TIME)})


def _blocks(network: Network) -> pa.Table:
    blocker, blocked = network.blocks()
    return pa.table({"user_id": blocker + 1, "blocked_user_id": blocked + 1})


def _messages(part: MessageSlice) -> pa.Table:
    mentions = part.mentioned >= 0
    offsets = np.concatenate([[0], np.cumsum(mentions)]).astype(np.int32)
    return pa.table(
        {
            "id": np.arange(len(part.authors)) + part.first + 1,
            "user_id": part.authors + 1,
            "room_id": part.rooms + 1,
            "mention_ids": pa.ListArray.from_arrays(offsets, part.mentioned[mentions] + 1),
            "created_at": pa.array(part.written_at, _TIME),
        }
    )


def _likes(part: MessageSlice) -> pa.Table:
    columns = {"user_id": part.likers + 1, "message_id": part.liked + part.first + 1}
    return pa.table(columns | {"created_at": pa.array(part.liked_at, _TIME)})
