"""A step's partition appears whole, once, and is never changed or removed by another writer."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest

import recs_batch.retention
from common.errors import ApplicationError, DataError, MissingInputError, UnavailableError
from common.storage import open_store
from recs_batch.partitions import Partitions
from recs_batch.retention import remove_old
from recs_batch.settings import RetentionSettings

DAY = date(2026, 10, 31)
NEEDED = ("rows", "text")


@pytest.fixture(params=["directory", "s3"])
def uri(request, tmp_path):
    return str(tmp_path / "work") if request.param == "directory" else f"s3://{request.getfixturevalue('bucket')}/work"


@pytest.fixture
def attempt(uri, tmp_path_factory):
    """Open the same night's partitions, as separate processes would."""
    return lambda night="night": Partitions(open_store(uri), DAY, night, tmp_path_factory.mktemp("scratch"))


def write(partitions, text="1", names=NEEDED, step="step", inputs=()):
    with partitions.writing(step, NEEDED, inputs, {"said": text}) as folder:
        for name in names:
            (folder / name).write_text(text)


def read(partitions, step="step"):
    return {path.name: path.read_text() for path in partitions.verified(step)[0].iterdir()}


def test_what_was_written_is_read_with_what_was_said(attempt):
    write(attempt())
    assert read(attempt()) == {"rows": "1", "text": "1"}
    assert attempt().manifest("step").metadata == {"said": "1"}


def test_a_zombie_that_wakes_up_after_its_retry_is_told_and_takes_only_its_own_files(attempt, uri):
    def zombie():
        with attempt().writing("step", NEEDED, (), {}) as folder:
            (folder / "rows").write_text("zombie")
            write(attempt(), "retry")
            (folder / "text").write_text("zombie")

    with pytest.raises(UnavailableError, match="another run has taken step step"):
        zombie()
    assert read(attempt()) == {"rows": "retry", "text": "retry"}
    assert len(list(open_store(uri).list())) == 4  # two files, whose they are, and the manifest


def test_a_step_that_lacks_a_file_is_none(attempt, uri):
    with pytest.raises(ApplicationError, match="did not write text"):
        write(attempt(), names=["rows"])
    assert list(open_store(uri).list()) == []
    with pytest.raises(MissingInputError, match="has not run"):
        attempt().open("step")


def test_a_step_that_fails_leaves_nothing(attempt, uri):
    def failing():
        with attempt().writing("step", NEEDED, (), {}) as folder:
            (folder / "rows").write_text("1")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        failing()
    assert list(open_store(uri).list()) == []


@pytest.mark.parametrize("damage", [None, b"22", b"2"])
def test_damage_is_noticed(attempt, uri, damage):
    write(attempt())
    store = open_store(uri)
    (key,) = (key for key in store.list() if key.endswith("/text"))
    store.delete(key) if damage is None else store.put(key, damage)
    with pytest.raises(DataError, match=r"text is gone or damaged.*--anew"):
        attempt().verified("step")


def test_what_was_made_from_another_version_is_noticed(attempt, uri):
    write(attempt(), step="before")
    write(attempt(), inputs=("before",))
    store = open_store(uri)
    (key,) = (key for key in store.list() if key.endswith("before/manifest.json"))
    store.put(key, json.dumps(json.loads(store.get(key)) | {"version": "another"}).encode())
    with pytest.raises(DataError, match="another version of before"):
        attempt().verified("step")


def test_nights_do_not_see_each_other(attempt):
    write(attempt("one"), "1")
    write(attempt("two"), "2")
    assert read(attempt("one"))["rows"] == "1"
    assert read(attempt("two"))["rows"] == "2"


def test_old_nights_and_what_was_given_up_are_removed(attempt, uri, tmp_path, monkeypatch):
    store, published = open_store(uri), open_store(str(tmp_path / "store"))
    write(attempt("whole"))
    given_up = "dt=2026-10-31/night=whole/other/20261101T000000Z-00000000/rows"
    at_work = "dt=2026-10-31/night=whole/other/20991101T000000Z-00000000/rows"
    for key in (given_up, at_work):
        store.put(key, b"1")
    remove_old(store, published, RetentionSettings(keep_work_days=1))
    assert given_up not in store.list()
    assert at_work in store.list()
    assert read(attempt("whole"))["rows"] == "1"
    remove_old(store, published, RetentionSettings(keep_work_days=0))
    assert list(store.list()) == []


def test_a_writer_that_wakes_up_when_all_is_written_and_removed_does_not_name_it(attempt, uri, tmp_path, monkeypatch):
    monkeypatch.setattr(recs_batch.retention, "_ABANDONED", timedelta(seconds=-5))
    partitions = attempt()
    commit = partitions._commit

    def overslept(*arguments):
        remove_old(open_store(uri), open_store(str(tmp_path / "store")), RetentionSettings())
        commit(*arguments)

    monkeypatch.setattr(partitions, "_commit", overslept)
    with pytest.raises(UnavailableError, match="removed meanwhile"):
        write(partitions)
    assert not attempt().is_complete("step")
    write(attempt())
    assert read(attempt())["rows"] == "1"


def test_a_writer_whose_files_were_removed_meanwhile_is_told(attempt, uri, tmp_path, monkeypatch):
    if uri.startswith("s3"):
        pytest.skip("what is on its way to a bucket lies in the writer's own folder")
    monkeypatch.setattr(recs_batch.retention, "_ABANDONED", timedelta(seconds=-5))

    def overslept():
        with attempt().writing("step", NEEDED, (), {}) as folder:
            (folder / "rows").write_text("1")
            remove_old(open_store(uri), open_store(str(tmp_path / "store")), RetentionSettings())
            (folder / "text").write_text("1")

    with pytest.raises(UnavailableError, match="removed meanwhile"):
        overslept()
