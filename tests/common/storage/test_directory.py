"""What only a directory can get wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from common.storage import ConflictError, InvalidKeyError, StorageError, open_store
from common.storage.directory import DirectoryStore


def test_a_symbolic_link_does_not_lead_out_of_the_store(tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "file").write_bytes(b"secret")
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "link").symlink_to(tmp_path / "secret")
    store = open_store(str(tmp_path / "store"))
    with pytest.raises(InvalidKeyError, match="symbolic link"):
        store.get("link/file")
    with pytest.raises(InvalidKeyError):
        store.put("link/new", b"")
    assert [path.name for path in (tmp_path / "secret").iterdir()] == ["file"]


def test_the_staging_folder_is_not_a_key_and_is_not_listed(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    store.put("key", b"")
    with pytest.raises(InvalidKeyError):
        store.get(".staging/lock")
    (tmp_path / ".staging" / "left-by-a-crash").write_bytes(b"half")
    assert list(store.list()) == ["key"]


def test_a_write_that_fails_half_way_leaves_the_old_object_and_nothing_else(tmp_path: Path) -> None:
    class Broken:
        def __init__(self) -> None:
            self.chunks = [b"new", OSError(28, "No space left on device")]

        def read(self, size: int = -1) -> bytes:
            chunk = self.chunks.pop(0)
            if isinstance(chunk, OSError):
                raise chunk
            return chunk

    store = DirectoryStore(tmp_path)
    store.put("key", b"old")
    with pytest.raises(StorageError, match="No space left") as caught:
        store.put("key", Broken())  # type: ignore[arg-type]
    assert caught.value.exit_code == 75
    assert store.get("key") == b"old"
    assert not list((tmp_path / ".staging").iterdir())


def test_a_file_and_a_folder_of_one_name_are_a_typed_error(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    store.put("a", b"")
    with pytest.raises((StorageError, ConflictError)):
        store.put("a/b", b"")
    assert list(store.list()) == ["a"]


def test_a_relative_directory_stays_where_it_was_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    store = open_store("store")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    store.put("key", b"")
    assert (tmp_path / "store" / "key").exists()
