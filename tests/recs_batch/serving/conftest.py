"""Two nights of one small network, published, and the service over them in this process."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from flask.testing import FlaskClient

from recs_batch.generate import write_network
from recs_batch.network import Network, NetworkSize
from recs_batch.serving.app import create_app
from recs_batch.serving.settings import ServeSettings
from tests.recs_batch.command_line import succeed

DAY = date(2026, 10, 31)
QUIET = 100_001  # follows and has joined, engages with nobody, and nobody follows them
TIME = pa.timestamp("us", tz="UTC")


class Nights(NamedTuple):
    """A store, its two publications in their order, and whom and what QUIET is linked to."""

    store: Path
    first: str
    second: str
    follows: list[int]
    rooms: list[int]


@pytest.fixture(scope="session")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Nights:
    folder = tmp_path_factory.mktemp("nights")
    tables, store = folder / "tables", folder / "store"
    write_network(Network(NetworkSize(300, 40, 1500, 8000), 3, date(2026, 11, 1)), str(tables))
    follows, rooms = [3, 50, 120, 222], [5, 17]
    _add(tables / "users.parquet", {"id": [QUIET], "active": [True], "created_at": [_SOME_TIME]})
    links = {"user_id": [QUIET] * len(follows), "following_user_id": follows, "created_at": [_SOME_TIME] * len(follows)}
    _add(tables / "follows.parquet", links)
    joined = {"user_id": [QUIET] * len(rooms), "room_id": rooms, "created_at": [_SOME_TIME] * len(rooms)}
    _add(tables / "subscriptions.parquet", joined)
    places = ("--tables", tables, "--work", folder / "work", "--store", store, "--no-evaluate")
    for day in ("2026-10-30", "2026-10-31"):
        succeed("run", "--date", day, *places)
    runs = [
        f"dt={day}/{next((store / f'recs/manifests/dt={day}').iterdir()).stem}" for day in ("2026-10-30", "2026-10-31")
    ]
    return Nights(store, *runs, follows, rooms)


@pytest.fixture
def store(nights: Nights, tmp_path: Path) -> Path:
    """A copy of the store that a test may change."""
    return Path(shutil.copytree(nights.store, tmp_path / "store"))


@pytest.fixture
def client_of(tmp_path: Path) -> Callable[..., FlaskClient]:
    """Return a client of a service over a store, which looks for publications only when a test makes it."""

    def client(store: object, **settings: object) -> FlaskClient:
        return create_app(
            ServeSettings(STORE_URI=str(store), poll_seconds=50, cache=tmp_path / "cache", **settings)
        ).test_client()

    return client


def refresh(client: FlaskClient) -> None:
    """Look for another latest publication."""
    client.application.extensions["recs"].refresh()


def metric(client: FlaskClient, name: str) -> float:
    """Return a metric without labels."""
    lines = client.get("/metrics").text.splitlines()
    return float(next(line for line in lines if line.startswith(f"{name} ")).split()[1])


_SOME_TIME = datetime(2026, 5, 1, tzinfo=UTC)


def _add(path: Path, rows: dict[str, list]) -> None:
    before = pq.read_table(path)
    pq.write_table(pa.concat_tables([before, pa.table(rows).select(before.column_names).cast(before.schema)]), path)
