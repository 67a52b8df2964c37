"""The input tables, brought to a local folder of Parquet files whatever they come from."""

from __future__ import annotations

from pathlib import Path

from common.errors import MissingInputError
from common.progress import track
from common.storage import Store, open_store
from common.storage.directory import DirectoryStore

TABLES = {
    "users": ("id", "active", "created_at"),
    "rooms": ("id", "active", "created_at"),
    "messages": ("id", "user_id", "room_id", "mention_ids", "created_at"),
    "likes": ("user_id", "message_id", "created_at"),
    "follows": ("user_id", "following_user_id", "created_at"),
    "subscriptions": ("user_id", "room_id", "created_at"),
    "blocks": ("user_id", "blocked_user_id"),
}
DATABASES = ("postgresql://", "postgres://")


def fetch_tables(uri: str, folder: Path) -> Path:
    """Bring `<uri>/<table>.parquet` or `<uri>/<table>/*.parquet`, or a database's tables, to `<folder>/<table>/`.

    Files of a local directory are linked, not copied. Returns `folder`. Raises `MissingInputError` for a table that
    is not there.
    """
    if uri.startswith(DATABASES):
        from recs_batch.postgres import copy_tables  # noqa: PLC0415 (its driver is not needed for files)

        copy_tables(uri, folder)
        return folder
    store = open_store(uri)
    found = {table: _keys(store, uri, table) for table in TABLES}
    for table, keys in track(found.items(), "fetch tables", total=len(found)):
        (folder / table).mkdir(parents=True, exist_ok=True)
        for place, key in enumerate(keys):
            _bring(store, key, folder / table / f"{place:05d}.parquet")
    return folder


def _bring(store: Store, key: str, path: Path) -> None:
    if isinstance(store, DirectoryStore):
        path.symlink_to(store.root / key)
    else:
        store.download(key, path)


def _keys(store: Store, uri: str, table: str) -> list[str]:
    if store.exists(f"{table}.parquet"):
        return [f"{table}.parquet"]
    keys = [key for key in store.list(f"{table}/") if key.endswith(".parquet")]
    if not keys:
        needed = ", ".join(TABLES)
        raise MissingInputError(f"{uri}: no {table}.parquet and no {table}/*.parquet; tables needed: {needed}")
    return keys
