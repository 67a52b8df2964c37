"""Arms of an experiment: a stable split, and to everybody what a night of their arm alone would publish."""

from __future__ import annotations

import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from common.storage import open_store
from recs_batch.arms import arm_of, names_of, places_of
from recs_batch.published import Published
from recs_batch.serving.app import create_app
from recs_batch.serving.settings import ServeSettings
from tests.recs_batch.command_line import DATE, recs_batch, refused, succeed

ARMS = {"bold": {"filter_users": {"own": 1}, "filter_rooms": {"power": 1}}, "calm": {"filter_users": {"power": 0.25}}}


@pytest.fixture
def places(tables, tmp_path):
    return ("--date", DATE, "--tables", tables, "--work", tmp_path / "work", "--store", tmp_path / "store")


def latest(tmp_path):
    return Published.latest(open_store(str(tmp_path / "store")))


def rows_of(published, kind):
    folder = published.store.root / f"recs/kind={kind}" / published.manifest.run
    found = {}
    for row in pq.read_table(folder / "part-00000.parquet").to_pylist():
        found.setdefault(row["user_id"], []).append(row)
    return found


def test_users_are_split_evenly_by_their_ids_alone_and_anew_for_another_experiment():
    users, names = np.arange(30_000) * 7 - 50_000, names_of(["calm", "bold"])
    found = places_of(users, names)
    assert names == ["control", "bold", "calm"]
    assert np.abs(np.bincount(found) / len(users) - 1 / 3).max() < 0.01
    assert places_of(users[::-1], names)[::-1].tolist() == found.tolist()
    assert arm_of(-50_000, names) == names[found[0]]
    assert 0.3 < (places_of(users, names_of(["calm", "other"])) == found).mean() < 0.37
    assert arm_of(1, names_of([])) is None


def test_everybody_gets_what_a_night_of_their_arm_alone_would_publish(places, tmp_path, monkeypatch):
    alone = {}
    for arm, change in {"control": {}, **ARMS}.items():
        for name in ("users", "rooms"):
            monkeypatch.setenv(f"RECS_FILTER_{name.upper()}", json.dumps(change.get(f"filter_{name}", {})))
        succeed("run", *places, "--no-evaluate", "--anew")
        alone[arm] = {kind: rows_of(latest(tmp_path), kind) for kind in ("users", "rooms")}
        monkeypatch.delenv("RECS_FILTER_USERS")
        monkeypatch.delenv("RECS_FILTER_ROOMS")
    monkeypatch.setenv("RECS_ARMS", json.dumps(ARMS))
    monkeypatch.setenv("RECS_FILTER_USERS", "{}")
    monkeypatch.setenv("RECS_FILTER_ROOMS", "{}")
    succeed("run", *places, "--no-evaluate")
    published = latest(tmp_path)
    engagement = published.store.root / "recs/model=engagement" / published.manifest.run
    members = {row["user_id"]: row["arm"] for row in pq.read_table(engagement / "arms.parquet").to_pylist()}
    assert len(set(members.values())) == 3
    for kind in ("users", "rooms"):
        found = rows_of(published, kind)
        assert found == {user: alone[members[user]][kind][user] for user in found}
        assert found.keys() == alone["control"][kind].keys()
        assert found != alone["control"][kind]
    client = create_app(
        ServeSettings(STORE_URI=str(tmp_path / "store"), poll_seconds=50, cache=tmp_path / "cache")
    ).test_client()
    for user in list(rows_of(published, "users"))[:9]:
        answer = client.get(f"/api/v1/users/{user}/recommendations").json
        assert answer["arm"] == members[user]
        item = answer["items"][0]
        told = succeed("explain", user, item["id"], "--store", tmp_path / "store")
        assert told.startswith(f"user {user} is in the arm {members[user]}\n{item['id']} is number 1 ")
        worst = alone[members[user]]["users"][user][-1]
        assert f"as number {worst['rank']}" in succeed("why-not", user, worst["item_id"], "--store", tmp_path / "store")
    assert client.post("/api/v1/recommendations", json={"follows": [1, 2]}).json["arm"] == "control"


def test_every_arm_is_evaluated_and_compared(places, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    succeed("run", *places, "--no-fit")
    plain = latest(tmp_path).manifest
    monkeypatch.setenv("RECS_ARMS", json.dumps(ARMS))
    succeed("run", *places, "--no-fit")
    manifest = latest(tmp_path).manifest
    assert plain.metadata["arms"] == {}
    assert manifest.metadata["arms"]["bold"]["filter_users"]["own"] == 1
    evaluation = manifest.metadata["evaluation"]
    assert evaluation["arms"].keys() == {"bold", "calm"}
    assert evaluation["users"] == plain.metadata["evaluation"]["users"]
    assert evaluation["arms"]["bold"]["users"]["recall"] != evaluation["users"]["recall"]
    told = succeed("compare", plain.run, manifest.run, "--store", tmp_path / "store")
    assert "filter_users in the arm calm" in told
    assert "users, arm bold" in told


@pytest.mark.parametrize(
    ("arms", "word"),
    [
        ({"bold": {"filter_users": {"onw": 1}}}, "did you mean 'own'"),
        ({"bold": {"filter_users": {"own": 99}}}, "own"),
        ({"bold": {"top": 3}}, "top"),
        ({"control": {}}, "control"),
        ({"a/b": {}}, "a/b"),
    ],
)
def test_nonsense_is_refused(places, monkeypatch, arms, word):
    monkeypatch.setenv("RECS_ARMS", json.dumps(arms))
    refused(recs_batch("run", *places), 78, "RECS_ARMS", word)


def test_only_the_compiled_filter_has_arms(places, monkeypatch):
    monkeypatch.setenv("RECS_ARMS", json.dumps(ARMS))
    refused(recs_batch("run", *places, "--engine", "duckdb"), 78, "RECS_ARMS", "compiled")
