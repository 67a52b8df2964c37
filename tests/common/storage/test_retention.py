"""What is removed is old or given up, and nobody who reads or points at a publication loses a file of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import boto3
import pytest

from common.storage import (
    ConflictError,
    ObjectNotFoundError,
    Store,
    latest_publication,
    list_publications,
    open_store,
    prune,
    publish,
    rollback,
)
from common.storage import publication as publication_module
from common.storage import retention as retention_module
from common.storage import s3 as s3_module
from tests.common.storage.test_publication import Crash, CrashingStore


def _publish(store: Store, run: str) -> None:
    publish(store, "recs", run, {f"{run}/one": run.encode(), f"{run}/two": b"2"}, {})


def _whole(store: Store) -> str:
    manifest = latest_publication(store, "recs")
    assert [store.get(f"recs/{file.key}") for file in manifest.files] == [manifest.run.encode(), b"2"]
    return manifest.run


@pytest.fixture
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A publisher that has not finished counts as killed without delay."""
    monkeypatch.setattr(retention_module, "_ABANDONED", timedelta(0))


def test_the_newest_publications_stay_and_the_files_of_the_others_go(store: Store) -> None:
    for run in ("a", "b", "c", "d"):
        _publish(store, run)
    rollback(store, "recs", "a")
    assert prune(store, "recs", keep=2) == ["b"]
    assert _whole(store) == "a"
    assert [manifest.run for manifest in list_publications(store, "recs")] == ["a", "c", "d"]
    assert list(store.list("recs/b")) == list(store.list("recs/manifests/b")) == []


@pytest.mark.usefixtures("_at_once")
@pytest.mark.parametrize("survived", [1, 2, 3])
def test_what_a_killed_publisher_left_is_removed(store: Store, survived: int) -> None:
    _publish(store, "first")
    with pytest.raises(Crash):
        _publish(CrashingStore(store, survived), "killed")  # type: ignore[arg-type]
    assert prune(store, "recs", keep=5) == ["killed"]
    assert {key.split("/")[1] for key in store.list()} == {"first", "latest.json", "manifests"}


def test_a_publisher_at_work_keeps_its_files(store: Store) -> None:
    _publish(store, "first")
    with pytest.raises(Crash):
        _publish(CrashingStore(store, 2), "slow")  # type: ignore[arg-type]
    assert prune(store, "recs", keep=5) == []
    _publish(store, "slow")
    assert _whole(store) == "slow"


@pytest.mark.usefixtures("_at_once")
def test_a_publisher_whose_files_were_removed_meanwhile_does_not_get_the_pointer(
    reopen: Callable[[], Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    _publish(reopen(), "first")
    record = publication_module._record

    def overslept(*arguments: object) -> object:
        assert prune(reopen(), "recs", keep=5) == ["slow"]
        return record(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(publication_module, "_record", overslept)
    with pytest.raises(ConflictError):
        _publish(reopen(), "slow")
    assert _whole(reopen()) == "first"
    with pytest.raises(ConflictError, match="removed"):
        _publish(reopen(), "slow")
    assert [manifest.run for manifest in list_publications(reopen(), "recs")] == ["first"]


def test_a_rollback_to_what_is_being_removed_is_refused(
    reopen: Callable[[], Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    for run in ("a", "b", "c"):
        _publish(reopen(), run)
    verify = publication_module.verify

    def overslept(*arguments: object) -> None:
        verify(*arguments)  # type: ignore[arg-type]
        assert prune(reopen(), "recs", keep=2) == ["a"]

    monkeypatch.setattr(publication_module, "verify", overslept)
    with pytest.raises((ConflictError, ObjectNotFoundError)):
        rollback(reopen(), "recs", "a")
    with pytest.raises(ObjectNotFoundError):
        rollback(reopen(), "recs", "a")
    assert _whole(reopen()) == "c"


def test_a_removal_that_was_interrupted_is_finished_the_next_time(store: Store) -> None:
    for run in ("a", "b", "c"):
        _publish(store, run)

    class Dies:
        def __getattr__(self, name: str) -> object:
            return getattr(store, name)

        def delete(self, key: str) -> None:
            store.delete(key)
            raise Crash

    with pytest.raises(Crash):
        prune(Dies(), "recs", keep=2)  # type: ignore[arg-type]
    assert [manifest.run for manifest in list_publications(store, "recs")] == ["b", "c"]
    assert prune(store, "recs", keep=2) == ["a"]
    assert not [key for key in store.list() if "/a" in key]


_WRITER = """
import sys
from pathlib import Path
from common.storage import open_store

class Endless:
    def read(self, size=-1):
        print("writing", flush=True)
        sys.stdin.readline()
        return b""

open_store(sys.argv[1]).put("key", Endless())
"""


def test_unfinished_files_go_with_the_process_that_wrote_them_and_not_before(tmp_path: Path) -> None:
    store, staging = open_store(str(tmp_path)), tmp_path / ".staging"
    with subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        os.kill(writer.pid, signal.SIGSTOP)
        store.tidy()
        assert len(list(staging.iterdir())) == 1
        writer.kill()
    store.tidy()
    assert list(staging.iterdir()) == []


def test_deleting_the_last_file_of_a_folder_removes_the_folder(tmp_path: Path) -> None:
    store = open_store(str(tmp_path))
    store.put("a/b/c", b"1")
    store.put("a/d", b"2")
    store.delete("a/b/c")
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == ["d"]


def test_uploads_that_were_given_up_are_looked_for_below_the_publications_alone(
    bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest of a bucket is others', and a role that may not touch it would be refused."""
    monkeypatch.setattr(s3_module, "_ABANDONED", timedelta(0))
    client = boto3.client("s3")
    for key in ("recs/a", "recs-of-others/a", "sentiment/a"):
        client.create_multipart_upload(Bucket=bucket, Key=key)
    prune(open_store(f"s3://{bucket}"), "recs", keep=2)
    left = client.list_multipart_uploads(Bucket=bucket)["Uploads"]
    assert {upload["Key"] for upload in left} == {"recs-of-others/a", "sentiment/a"}
