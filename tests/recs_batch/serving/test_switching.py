"""The service follows the pointer: at once, never mixing, and goes on with what it has when the store fails."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import boto3
from flask.testing import FlaskClient

from common.storage import open_store, rollback
from tests.recs_batch.serving.conftest import Nights, metric, refresh

ASKED = "/api/v1/users/1/recommendations?kind={}&limit=100"


def test_a_rollback_is_followed_and_no_answer_mixes_two_publications(
    nights: Nights, store: Path, client_of: Callable[..., FlaskClient]
) -> None:
    client = client_of(store)
    expected = {}
    for run in (nights.second, nights.first):
        rollback(open_store(str(store)), "recs", run)
        refresh(client)
        expected[run] = {kind: client.get(ASKED.format(kind)).json for kind in ("users", "rooms")}
    assert expected[nights.first]["users"]["items"] != expected[nights.second]["users"]["items"]
    seen, done = [], threading.Event()

    def ask() -> None:
        asking = client.application.test_client()
        while not done.is_set():
            seen.append(asking.get(ASKED.format("users")).json)

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for turn in range(12):
        rollback(open_store(str(store)), "recs", (nights.second, nights.first)[turn % 2])
        refresh(client)
    done.set()
    for thread in threads:
        thread.join()
    assert {answer["run"] for answer in seen} == set(expected)
    assert all(answer == expected[answer["run"]]["users"] for answer in seen)


def test_it_goes_on_with_what_it_has_when_the_store_is_away_and_says_so(
    nights: Nights, store: Path, client_of: Callable[..., FlaskClient]
) -> None:
    client = client_of(store)
    before = client.get(ASKED.format("users")).json
    assert metric(client, "recs_store_readable") == 1
    store.rename(store.with_name("away"))
    refresh(client)
    assert client.get(ASKED.format("users")).json == before
    assert client.get("/readyz").status_code == 200
    assert metric(client, "recs_store_readable") == 0
    assert metric(client, "recs_store_failures_total") == 1
    store.with_name("away").rename(store)
    refresh(client)
    assert metric(client, "recs_store_readable") == 1


def test_without_a_publication_it_lives_and_is_not_ready(tmp_path: Path, client_of: Callable[..., FlaskClient]) -> None:
    client = client_of(tmp_path / "nothing")
    assert client.get("/healthz").status_code == 200
    for path in ("/readyz", ASKED.format("users")):
        assert client.get(path).status_code == 503
    assert client.post("/api/v1/recommendations", json={}).status_code == 503


def test_a_publication_that_is_too_old_is_not_ready_but_answers(
    nights: Nights, client_of: Callable[..., FlaskClient]
) -> None:
    client = client_of(nights.store, max_age_hours=1e-6)
    assert client.get("/readyz").status_code == 503
    assert "hours old" in client.get("/readyz").json["detail"]
    assert client.get(ASKED.format("users")).status_code == 200


def test_a_bucket_is_copied_once_and_a_damaged_publication_is_not_switched_to(
    nights: Nights, store: Path, bucket: str, tmp_path: Path, client_of: Callable[..., FlaskClient]
) -> None:
    rollback(open_store(str(store)), "recs", nights.first)
    s3 = boto3.session.Session().client("s3")
    for path in store.rglob("*"):
        if path.is_file() and ".staging" not in path.parts:
            s3.upload_file(str(path), bucket, path.relative_to(store).as_posix())
    client = client_of(f"s3://{bucket}")
    before = client.get(ASKED.format("rooms")).json
    assert before["run"] == nights.first
    assert before["items"] == client_of(store).get(ASKED.format("rooms")).json["items"]
    damaged = f"recs/kind=rooms/{nights.second}/lookup.items.npy"
    whole = s3.get_object(Bucket=bucket, Key=damaged)["Body"].read()
    s3.put_object(Bucket=bucket, Key=damaged, Body=whole[:-1] + b"x")
    rollback(open_store(f"s3://{bucket}"), "recs", nights.second)
    refresh(client)
    assert client.get(ASKED.format("rooms")).json == before
    assert metric(client, "recs_store_readable") == 0
    s3.put_object(Bucket=bucket, Key=damaged, Body=whole)
    refresh(client)
    assert client.get(ASKED.format("rooms")).json["run"] == nights.second
    kept = [path.name for path in (tmp_path / "cache").iterdir() if path.is_dir()]
    assert kept == [nights.second.replace("/", ",")]
