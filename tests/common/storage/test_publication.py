"""A publication is seen whole or not at all, whatever stops its publisher."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from common.storage import (
    ConflictError,
    ObjectNotFoundError,
    StorageError,
    Store,
    latest_publication,
    list_publications,
    new_run_id,
    publish,
    rollback,
)
from common.storage import publication as publication_module

WRITES_OF_A_PUBLICATION = 5  # the intent, two data files, the manifest, the pointer


class Crash(BaseException):
    """The process died here."""


class CrashingStore:
    """A store whose process dies before its write number `survived` + 1, or right after it."""

    def __init__(self, store: Store, survived: int, *, after: bool = False) -> None:
        self._store, self._left, self._after = store, survived, after

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)
        if name not in {"put", "create", "swap"}:
            return method

        def write(*arguments: Any) -> None:
            if self._left == 0 and not self._after:
                raise Crash
            method(*arguments)
            if self._left == 0:
                raise Crash
            self._left -= 1

        return write


def _publish(store: Any, run: str, text: str = "") -> Any:
    files = {f"{run}/one": f"one {text or run}".encode(), f"{run}/two": b"two"}
    return publish(store, "recs", run, files, {"rows": 2})


def _read(store: Store) -> bytes:
    manifest = latest_publication(store, "recs")
    return b"|".join(store.get(f"recs/{file.key}") for file in manifest.files)


def test_a_publication_is_read_back_with_its_manifest(store: Store, tmp_path: Path) -> None:
    (tmp_path / "two").write_bytes(b"from a file")
    published = publish(store, "recs", "dt=1/run=a", {"x/1": b"bytes", "x/2": tmp_path / "two"}, {"rows": {"x": 3}})
    manifest = latest_publication(store, "recs")
    assert manifest == published
    assert manifest.metadata == {"rows": {"x": 3}}
    assert [(file.key, file.bytes, file.sha256) for file in manifest.files] == [
        ("x/1", 5, hashlib.sha256(b"bytes").hexdigest()),
        ("x/2", 11, hashlib.sha256(b"from a file").hexdigest()),
    ]
    assert manifest.code_version


def test_reading_before_anything_was_published_says_so(store: Store) -> None:
    with pytest.raises(ObjectNotFoundError, match=r"latest\.json"):
        latest_publication(store, "recs")


@pytest.mark.parametrize("survived", range(WRITES_OF_A_PUBLICATION))
def test_a_crash_before_any_write_leaves_the_old_publication(reopen: Callable[[], Store], survived: int) -> None:
    _publish(reopen(), "first")
    with pytest.raises(Crash):
        _publish(CrashingStore(reopen(), survived), "second")
    assert _read(reopen()) == b"one first|two"


@pytest.mark.parametrize("survived", range(WRITES_OF_A_PUBLICATION))
def test_after_a_crash_the_run_can_be_published_again(reopen: Callable[[], Store], survived: int) -> None:
    with pytest.raises(Crash):
        _publish(CrashingStore(reopen(), survived), f"night/{new_run_id()}", "night")
    _publish(reopen(), f"night/{new_run_id()}", "night")
    assert _read(reopen()) == b"one night|two"


def test_a_crash_right_after_the_last_write_is_a_publication(reopen: Callable[[], Store]) -> None:
    with pytest.raises(Crash):
        _publish(CrashingStore(reopen(), WRITES_OF_A_PUBLICATION - 1, after=True), "first")
    assert _read(reopen()) == b"one first|two"


def test_of_two_publishers_at_once_one_wins_and_the_other_is_told(
    reopen: Callable[[], Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    _publish(reopen(), "first")
    swap_pointer = publication_module.swap_pointer

    def overtaken(store: Store, *arguments: Any) -> None:
        monkeypatch.setattr(publication_module, "swap_pointer", swap_pointer)
        _publish(reopen(), "faster")
        swap_pointer(store, *arguments)

    monkeypatch.setattr(publication_module, "swap_pointer", overtaken)
    with pytest.raises(ConflictError, match=r"latest\.json"):
        _publish(reopen(), "slower")
    assert _read(reopen()) == b"one faster|two"


def test_a_swap_whose_answer_was_lost_counts_as_done(store: Store) -> None:
    class LosesAnswers:
        def __getattr__(self, name: str) -> Any:
            return getattr(store, name)

        def swap(self, key: str, body: bytes, expected: str | None) -> None:
            store.swap(key, body, expected)
            store.swap(key, body, expected)  # the retry meets its own write: a conflict

    _publish(LosesAnswers(), "first")
    assert _read(store) == b"one first|two"


def test_a_run_is_never_published_with_other_content(store: Store) -> None:
    _publish(store, "first")
    with pytest.raises(ConflictError):
        _publish(store, "first", "changed")
    assert _read(store) == b"one first|two"


def test_a_run_published_again_changes_nothing(store: Store) -> None:
    first = _publish(store, "first")
    pointer = store.get("recs/latest.json")
    assert _publish(store, "first") == first
    assert store.get("recs/latest.json") == pointer


@pytest.mark.parametrize("survived", range(WRITES_OF_A_PUBLICATION))
def test_a_run_that_was_killed_is_finished_under_its_own_name(reopen: Callable[[], Store], survived: int) -> None:
    with pytest.raises(Crash):
        _publish(CrashingStore(reopen(), survived), "night")
    _publish(reopen(), "night")
    assert _read(reopen()) == b"one night|two"
    assert list(reopen().list("recs/unfinished/")) == []


def test_what_does_not_supersede_the_latest_is_published_beside_it(store: Store) -> None:
    _publish(store, "new")
    publish(store, "recs", "old", {"old/one": b"1"}, {}, supersedes=lambda latest: latest.run != "new")
    assert _read(store) == b"one new|two"
    assert [manifest.run for manifest in list_publications(store, "recs")] == ["new", "old"]


def test_rollback_goes_back_to_a_run(store: Store) -> None:
    for run in ("dt=1/run=a", "dt=1/run=b", "dt=2/run=c"):
        _publish(store, run)
    assert rollback(store, "recs", "dt=1/run=a").run == "dt=1/run=a"
    assert _read(store) == b"one dt=1/run=a|two"
    assert [manifest.run for manifest in list_publications(store, "recs")] == ["dt=1/run=a", "dt=1/run=b", "dt=2/run=c"]


@pytest.mark.parametrize("to", ["dt=9", "dt", "dt=1", "dt=1/run=b"])
def test_rollback_to_what_was_never_published_changes_nothing(store: Store, to: str) -> None:
    _publish(store, "dt=1/run=a")
    with pytest.raises(ObjectNotFoundError, match="no publication"):
        rollback(store, "recs", to)
    assert latest_publication(store, "recs").run == "dt=1/run=a"


def test_rollback_refuses_a_publication_whose_file_is_gone(store: Store) -> None:
    _publish(store, "first")
    _publish(store, "second")
    store.delete("recs/first/two")
    with pytest.raises(ObjectNotFoundError, match="first/two"):
        rollback(store, "recs", "first")
    assert latest_publication(store, "recs").run == "second"


def test_rollback_refuses_a_publication_whose_file_is_damaged(store: Store) -> None:
    _publish(store, "first")
    _publish(store, "second")
    store.put("recs/first/two", b"tw")
    with pytest.raises(StorageError, match="first/two"):
        rollback(store, "recs", "first")
    assert latest_publication(store, "recs").run == "second"


def test_a_manifest_that_was_changed_is_refused(store: Store) -> None:
    _publish(store, "first")
    body = store.get("recs/manifests/first.json")
    store.put("recs/manifests/first.json", body.replace(b'"rows": 2', b'"rows": 3'))
    with pytest.raises(StorageError, match="SHA-256"):
        latest_publication(store, "recs")


def test_run_ids_sort_by_time_and_do_not_repeat() -> None:
    ids = [new_run_id() for _ in range(50)]
    assert len(set(ids)) == 50
    assert sorted(ids)[0][:15] <= sorted(ids)[-1][:15]
