"""The input tables as Parquet files, in a directory or a bucket: what there is, and bringing it here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from common.errors import MissingInputError, UnavailableError
from common.progress import track
from common.storage import ObjectNotFoundError, Store, open_store
from common.storage.directory import DirectoryStore
from recs_batch.specification import TableFile

TABLES = {
    "users": ("id", "active", "created_at"),
    "rooms": ("id", "active", "created_at"),
    "messages": ("id", "user_id", "room_id", "mention_ids", "created_at"),
    "likes": ("user_id", "message_id", "created_at"),
    "follows": ("user_id", "following_user_id", "created_at"),
    "subscriptions": ("user_id", "room_id", "created_at"),
    "blocks": ("user_id", "blocked_user_id"),
}
OPTIONAL = {
    "impressions": ("user_id", "kind", "item_id", "shown_at"),
    "dismissals": ("user_id", "kind", "item_id"),
}
DATABASES = ("postgresql://", "postgres://")


def snapshot(store: Store) -> dict[str, tuple[TableFile, ...]]:
    """Return the files of every table, `<table>.parquet` or `<table>/*.parquet`, as they are now.

    Raises `MissingInputError` for a table that is not there, unless the night can do without.
    """
    keys = {table: _keys(store, table) for table in (*TABLES, *OPTIONAL)}
    return {table: tuple(_described(store, key) for key in found) for table, found in keys.items() if found}


def fetch_tables(uri: str, folder: Path, files: Mapping[str, tuple[TableFile, ...]] | None = None) -> Path:
    """Bring every table's files, those of a snapshot if there is one, to `<folder>/<table>/` and return `folder`.

    Files of a local directory are linked, not copied. Raises `MissingInputError` for a table that is not there,
    `UnavailableError` if a file is not as in the snapshot.
    """
    store = open_store(uri)
    found = files or snapshot(store)
    for table, parts in track(found.items(), "fetch tables", total=len(found)):
        (folder / table).mkdir(parents=True, exist_ok=True)
        for place, part in enumerate(parts):
            _bring(store, part.key, folder / table / f"{place:05d}.parquet")
    check_unchanged(store, found)
    return folder


def check_unchanged(store: Store, files: Mapping[str, tuple[TableFile, ...]]) -> None:
    """Raise `UnavailableError` if a table is not what it was when the night began."""
    for parts in files.values():
        for part in parts:
            try:
                same = _described(store, part.key) == part
            except ObjectNotFoundError:
                same = False
            if not same:
                raise UnavailableError(f"{store.uri}/{part.key} has changed since the night began; begin it again")


def _described(store: Store, key: str) -> TableFile:
    found = store.stat(key)
    return TableFile(key=key, bytes=found.bytes, version=found.version)


def _bring(store: Store, key: str, path: Path) -> None:
    if isinstance(store, DirectoryStore):
        path.symlink_to(store.root / key)
    else:
        store.download(key, path)


def _keys(store: Store, table: str) -> list[str]:
    if store.exists(f"{table}.parquet"):
        return [f"{table}.parquet"]
    keys = [key for key in store.list(f"{table}/") if key.endswith(".parquet")]
    if not keys and table in TABLES:
        needed = ", ".join(TABLES)
        raise MissingInputError(f"{store.uri}: no {table}.parquet and no {table}/*.parquet; tables needed: {needed}")
    return keys
