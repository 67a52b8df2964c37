"""What every store promises."""

from __future__ import annotations

import hashlib
import io
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.storage import ConflictError, InvalidKeyError, ObjectNotFoundError, Store, open_ranges
from common.storage.multipart import PART_BYTES

SIXTY_FOUR_MEGABYTES = 64 << 20


def test_what_is_put_can_be_got(store: Store) -> None:
    store.put("a/b.txt", b"hello")
    assert store.get("a/b.txt") == b"hello"
    assert store.exists("a/b.txt")


def test_a_put_replaces(store: Store) -> None:
    store.put("key", b"old, and longer")
    store.put("key", b"new")
    assert store.get("key") == b"new"


@pytest.mark.parametrize("method", ["get", "get_version"])
def test_reading_what_is_not_there_names_its_uri(store: Store, method: str) -> None:
    with pytest.raises(ObjectNotFoundError) as caught:
        getattr(store, method)("nothing/here")
    assert caught.value.uri == f"{store.uri}/nothing/here"


def test_opening_or_downloading_what_is_not_there_fails_and_leaves_no_file(store: Store, tmp_path: Path) -> None:
    with pytest.raises(ObjectNotFoundError), store.open("nothing"):
        pass
    with pytest.raises(ObjectNotFoundError):
        store.download("nothing", tmp_path / "target")
    assert not list(tmp_path.glob("target*"))


@pytest.mark.parametrize("write", ["put", "create"])
@pytest.mark.parametrize("form", ["bytes", "path", "stream"])
def test_a_body_may_be_bytes_a_path_or_a_stream(store: Store, tmp_path: Path, write: str, form: str) -> None:
    (tmp_path / "body").write_bytes(b"body")
    body = {"bytes": b"body", "path": tmp_path / "body", "stream": io.BytesIO(b"body")}[form]
    getattr(store, write)("key", body)
    assert store.get("key") == b"body"


@pytest.mark.parametrize("write", ["put", "create"])
@pytest.mark.parametrize("size", [0, PART_BYTES, SIXTY_FOUR_MEGABYTES + 7])
def test_large_objects_arrive_whole(store: Store, tmp_path: Path, write: str, size: int) -> None:
    source = tmp_path / "source"
    pattern = hashlib.sha256(b"seed").digest() * (1 << 10)
    with source.open("wb") as stream:
        for start in range(0, size, len(pattern)):
            stream.write(pattern[: min(len(pattern), size - start)])
    getattr(store, write)("large", source)
    store.download("large", tmp_path / "copy")
    assert _sha256(tmp_path / "copy") == _sha256(source)
    assert (tmp_path / "copy").stat().st_size == size


def test_an_object_can_be_read_as_a_stream(store: Store) -> None:
    store.put("key", b"line 1\nline 2\n")
    with store.open("key") as stream:
        assert list(stream) == [b"line 1\n", b"line 2\n"]


def test_create_refuses_what_exists_and_leaves_it(store: Store) -> None:
    store.create("key", b"first")
    with pytest.raises(ConflictError) as caught:
        store.create("key", b"second")
    assert caught.value.uri == f"{store.uri}/key"
    assert store.get("key") == b"first"


def test_create_refuses_a_large_object_too(store: Store) -> None:
    store.create("key", b"first")
    with pytest.raises(ConflictError):
        store.create("key", bytes(40 << 20))
    assert store.get("key") == b"first"


def test_swap_replaces_the_expected_version_only(store: Store) -> None:
    store.swap("key", b"one", None)
    version = store.get_version("key")[1]
    store.swap("key", b"two", version)
    with pytest.raises(ConflictError):
        store.swap("key", b"three", version)
    with pytest.raises(ConflictError):
        store.swap("key", b"three", None)
    assert store.get("key") == b"two"


def test_swap_refuses_a_version_of_what_was_deleted(store: Store) -> None:
    store.put("key", b"one")
    version = store.get_version("key")[1]
    store.delete("key")
    with pytest.raises(ConflictError):
        store.swap("key", b"two", version)
    assert not store.exists("key")


@pytest.mark.parametrize("write", ["create", "swap"])
def test_of_many_writers_at_once_exactly_one_wins(reopen: Callable[[], Store], write: str) -> None:
    winners: list[int] = []
    start = threading.Barrier(8)

    def compete(number: int) -> None:
        store = reopen()
        start.wait()
        try:
            if write == "create":
                store.create("key", str(number).encode())
            else:
                store.swap("key", str(number).encode(), None)
        except ConflictError:
            return
        winners.append(number)

    threads = [threading.Thread(target=compete, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(winners) == 1
    assert reopen().get("key") == str(winners[0]).encode()


def test_list_yields_the_keys_under_a_prefix_in_byte_order(store: Store) -> None:
    keys = ["a-b/x", "a/b", "a/c/d", "ab", "b/z", "b/é", "b/𝄞"]
    for key in reversed(keys):
        store.put(key, b"")
    assert list(store.list()) == keys
    assert list(store.list("a/")) == ["a/b", "a/c/d"]
    assert list(store.list("a")) == ["a-b/x", "a/b", "a/c/d", "ab"]
    assert list(store.list("nothing/at/all")) == []


def test_list_goes_beyond_one_page(store: Store) -> None:
    for number in range(1_005):
        store.put(f"many/{number:04}", b"")
    assert sum(1 for _ in store.list("many/")) == 1_005


def test_delete_removes_and_may_be_repeated(store: Store) -> None:
    store.put("key", b"")
    store.delete("key")
    store.delete("key")
    assert not store.exists("key")


@pytest.mark.parametrize(
    "key", ["with space", "ünïcødé/日本語.json", "a+b&c=d?e#f%20g", "dt=2026-11-22/run=1", "🚀.png", "a.b..c"]
)
def test_keys_may_have_spaces_and_unicode(store: Store, key: str) -> None:
    store.create(key, key.encode())
    assert store.get(key) == key.encode()
    assert list(store.list()) == [key]


@pytest.mark.parametrize(
    "key", ["", "/etc/passwd", "../up", "a/../../up", "a//b", "a/", "./a", "a\\b", "a\0b", "a\nb", "é" * 513]
)
@pytest.mark.parametrize("method", ["get", "exists", "delete", "put"])
def test_keys_that_could_leave_the_store_are_refused(store: Store, key: str, method: str) -> None:
    arguments = (key, b"") if method == "put" else (key,)
    with pytest.raises(InvalidKeyError):
        getattr(store, method)(*arguments)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(["put", "create", "delete"]), st.sampled_from(["a", "b/c", "b/d e"]), st.binary(max_size=8)
        ),
        max_size=12,
    )
)
def test_a_store_behaves_like_a_dictionary(store: Store, steps: list[tuple[str, str, bytes]]) -> None:
    for key in list(store.list()):
        store.delete(key)
    expected: dict[str, bytes] = {}
    for action, key, body in steps:
        if action == "put":
            store.put(key, body)
            expected[key] = body
        elif action == "delete":
            store.delete(key)
            expected.pop(key, None)
        elif key in expected:
            with pytest.raises(ConflictError):
                store.create(key, body)
        else:
            store.create(key, body)
            expected[key] = body
    assert {key: store.get(key) for key in store.list()} == expected


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def test_a_range_is_read_without_the_rest(store: Store) -> None:
    store.put("key", bytes(range(100)))
    assert store.read_range("key", 10, 5) == bytes(range(10, 15))
    assert store.read_range("key", 95, 50) == bytes(range(95, 100))
    assert store.read_range("key", 100, 1) == store.read_range("key", 5, 0) == b""


def test_an_object_is_read_like_a_file(store: Store) -> None:
    store.put("key", bytes(range(100)))
    with open_ranges(store, "key") as stream:
        stream.seek(-10, 2)
        assert stream.read(3) == bytes(range(90, 93))
        assert stream.seek(0) == 0
        assert stream.read() == bytes(range(100))


def test_an_object_says_its_size_and_whether_it_changed(store: Store) -> None:
    store.put("key", b"12345")
    before = store.stat("key")
    assert before.bytes == 5
    assert store.stat("key") == before
    store.put("key", b"54321")
    assert store.stat("key").version != before.version
    with pytest.raises(ObjectNotFoundError):
        store.stat("missing")
