"""Arrays in a store are searched as numpy searches them, with few requests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.storage.directory import DirectoryStore
from recs_batch.graph.files import write_array
from recs_batch.stored_arrays import StoredFolder

COUNT = 60_000
SPREAD = {
    "dense": np.arange(1, COUNT + 1),
    "with gaps": np.cumsum(np.random.default_rng(1).integers(1, 50, COUNT)),
    "anywhere": np.unique(np.random.default_rng(2).integers(-(2**63), 2**63 - 1, COUNT)),
    "in two clumps": np.concatenate([np.arange(COUNT // 2), 2**62 + np.arange(COUNT // 2)]),
    "few": np.array([3, 5, 9]),
}


class CountingStore(DirectoryStore):
    """A directory that counts the ranges it is asked for."""

    asked = 0

    def read_range(self, key: str, start: int, length: int) -> bytes:
        self.asked += 1
        return super().read_range(key, start, length)


@pytest.fixture(scope="module", params=SPREAD)
def ids(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, np.ndarray]:
    folder = tmp_path_factory.mktemp("ids")
    write_array(folder, "ids", SPREAD[request.param])
    return folder, SPREAD[request.param]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(share=st.floats(-0.1, 1.1), off=st.integers(-1, 1))
def test_a_search_finds_the_place_that_numpy_finds(ids: tuple[Path, np.ndarray], share: float, off: int) -> None:
    folder, values = ids
    near = int(values[min(max(int(share * len(values)), 0), len(values) - 1)]) + off
    wanted = min(max(near, -(2**63)), 2**63 - 1)
    found = StoredFolder(DirectoryStore(folder.parent), folder.name).array("ids").searchsorted(wanted)
    assert found == np.searchsorted(values, wanted)


@pytest.mark.parametrize("ids", ["dense", "with gaps"], indirect=True)
def test_a_search_of_ids_that_are_spread_evenly_takes_five_requests_at_most(ids: tuple[Path, np.ndarray]) -> None:
    folder, values = ids
    for place in (0, 1, 20_000, COUNT - 2, COUNT - 1):
        store = CountingStore(folder.parent)
        assert StoredFolder(store, folder.name).array("ids").searchsorted(int(values[place])) == place
        assert store.asked <= 5
