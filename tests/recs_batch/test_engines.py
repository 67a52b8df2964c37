"""One contract for all engines: the same rows, to the byte, as the oracle's."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recs_batch.engines import sql
from recs_batch.engines.names import engine
from recs_batch.graph import links, reading, similarity, sorting, steps
from recs_batch.parameters import KINDS, EventWeights, Filter, Parameters
from tests.recs_batch import filter_oracle, oracle
from tests.recs_batch.networks import DAY, networks, write_tables

WEIGHTS = st.builds(EventWeights, **{name: st.integers(0, 3) for name in EventWeights.model_fields})
HALF_LIVES = st.sampled_from([None, 1.5])
COUNTED = st.builds(
    Parameters,
    scorer=st.just("count"),
    closest=st.integers(1, 4),
    top=st.integers(1, 4),
    second_hop=st.sampled_from(["closest", "follows"]),
    weights=WEIGHTS,
    half_life_days=HALF_LIVES,
    shown_days=st.integers(0, 3),
)
EIGHTHS = st.integers(1, 8).map(lambda number: number / 8)
FILTERS = st.builds(
    Filter,
    rooms=st.sampled_from([0.0, 0.3, 3.0]),
    own=st.sampled_from([0.001, 1.0, 4.0]),
    engagement=st.sampled_from([0.0, 0.3, 1.0]),
    popularity=st.one_of(st.just(0.0), EIGHTHS),
    power=EIGHTHS,
)
FILTERED = st.builds(
    Parameters,
    top=st.integers(1, 4),
    filter_users=FILTERS,
    filter_rooms=FILTERS,
    weights=WEIGHTS,
    half_life_days=HALF_LIVES,
    shown_days=st.integers(0, 3),
)


@pytest.mark.parametrize("cells", [steps.MOST_CELLS, 0], ids=["full matrices", "compiled"])
def test_the_filter_gives_the_rows_of_its_oracle(cells, monkeypatch):
    monkeypatch.setattr(steps, "MOST_CELLS", cells)
    _check_agreement("compiled", FILTERED, filter_oracle.recommend, 100)


def test_in_how_many_blocks_tables_are_read_and_users_counted_and_served_does_not_show(monkeypatch):
    for module, at_once in (
        (reading, "_ROWS_AT_ONCE"),
        (steps, "_USERS_COUNTED_AT_ONCE"),
        (steps, "_SOURCES_AT_ONCE"),
        (steps, "_REASONS_AT_ONCE"),
        (links, "_USERS_AT_ONCE"),
    ):
        monkeypatch.setattr(module, at_once, 2)
    monkeypatch.setattr(sorting, "_MANY", 1)
    _check_agreement("compiled", FILTERED, filter_oracle.recommend, 30)


@pytest.mark.parametrize(
    ("parameters", "recommend"),
    [(FILTERED, filter_oracle.recommend), (COUNTED, oracle.recommend)],
    ids=["filter", "count"],
)
def test_duckdb_gives_the_rows_of_the_oracles(parameters, recommend):
    _check_agreement("duckdb", parameters, recommend, 8)


@pytest.mark.parametrize("name", ["full matrices", "compiled", "duckdb"])
def test_the_greatest_similarities_are_kept(name, monkeypatch):
    for module in (similarity, sql, filter_oracle):
        for limit, value in (("READ", 6), ("SMALL", 20), ("FEWEST", 1), ("MOST", 5)):
            monkeypatch.setattr(module, limit, value)
    monkeypatch.setattr(steps, "MOST_CELLS", 0 if name == "compiled" else steps.MOST_CELLS)
    _check_agreement("duckdb" if name == "duckdb" else "compiled", FILTERED, filter_oracle.recommend, 20)


def _check_agreement(name, parameters, recommend, examples):
    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
    @given(networks(), parameters)
    def agrees(network, chosen):
        with tempfile.TemporaryDirectory() as folder:
            tables = write_tables(network, Path(folder) / "tables")
            found = engine(name)(tables, DAY, chosen, Path(folder))
            for kind in KINDS:
                rows = [tuple(row.values()) for row in found[kind].to_arrow().to_pylist()]
                assert rows == recommend(network, DAY, chosen)[kind]

    agrees()
