"""Dismissed is never recommended again, shown for days sinks; `why-not` names both, `compare` shows the change."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.recs_batch.command_line import recs_batch, succeed

pytestmark = pytest.mark.usefixtures("_wide")
DAY = "2026-10-31"


@pytest.fixture
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")


def test_feedback_is_heeded_explained_and_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tables, store = tmp_path / "tables", tmp_path / "store"
    size = ("--users", 300, "--rooms", 40, "--messages", 1500, "--likes", 8000, "--shown", 20)
    succeed("generate", "--out", tables, *size)
    places = ("--date", DAY, "--tables", tables, "--work", tmp_path / "work", "--store", store, "--no-evaluate")
    succeed("run", *places)
    heeded = _recommended(store)
    dismissed = {(row["user_id"], row["item_id"]) for row in pq.read_table(tables / "dismissals.parquet").to_pylist()}
    assert dismissed
    assert not dismissed & heeded

    monkeypatch.setenv("RECS_SHOWN_DAYS", "0")
    succeed("run", *places)
    never_sinks = _recommended(store)
    assert not dismissed & never_sinks
    for table in ("impressions", "dismissals"):
        (tables / f"{table}.parquet").unlink()
    monkeypatch.delenv("RECS_SHOWN_DAYS")
    succeed("run", *places)
    without = _recommended(store)
    assert dismissed & without

    runs = succeed("publications", "--store", store)
    first, second, third = (word for line in runs.splitlines() for word in line.split() if word.startswith("dt="))
    user, item = min(dismissed & without)
    assert "dismissed by the user" in succeed("why-not", user, item, "--store", store, "--of", first)
    user, item = min(never_sinks - heeded)
    told = succeed("why-not", user, item, "--store", store, "--of", first)
    assert "is halved" in told
    assert "is not recommended" in told

    found = succeed("compare", first, second, "--store", store)
    assert "shown_days: 3 in A, 0 in B" in found
    assert "overlap" in found
    found = succeed("compare", third, first, "--store", store, "--most", 300)
    assert "dismissed by the user" in found
    assert recs_batch("compare", first, "2020-01-01", "--store", store).returncode == 66


def _recommended(store: Path) -> set[tuple[int, int]]:
    (newest,) = [
        path.parent
        for path in store.glob("recs/kind=users/*/*/part-00000.parquet")
        if path.parent.name == _latest(store)
    ]
    rows = pq.read_table(newest / "part-00000.parquet", columns=["user_id", "item_id"]).to_pylist()
    return {(row["user_id"], row["item_id"]) for row in rows}


def _latest(store: Path) -> str:
    run: str = json.loads((store / "recs/latest.json").read_text())["run"]
    return run.rpartition("/")[2]
