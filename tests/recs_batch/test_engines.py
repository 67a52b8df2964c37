"""One contract for all engines: the same rows, to the byte, as the oracle's."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recs_batch.engines.names import engine
from recs_batch.parameters import KINDS, Blend, EventWeights, Parameters
from tests.recs_batch import blend_oracle, oracle
from tests.recs_batch.networks import DAY, networks, write_tables

PARAMETERS = st.builds(
    Parameters,
    scorer=st.just("count"),
    closest=st.integers(1, 4),
    top=st.integers(1, 4),
    second_hop=st.sampled_from(["closest", "follows"]),
    weights=st.builds(EventWeights, **{name: st.integers(0, 3) for name in EventWeights.model_fields}),
    half_life_days=st.sampled_from([None, 1.5]),
)


SHARES = st.sampled_from([0.0, 0.12, 1.0])
BLENDS = st.builds(Blend, **dict.fromkeys(Blend.model_fields, SHARES))
BLENDED = st.builds(
    Parameters,
    closest=st.integers(1, 4),
    top=st.integers(1, 4),
    blend_users=BLENDS,
    blend_rooms=BLENDS,
    half_life_days=st.sampled_from([None, 1.5]),
)


@pytest.mark.parametrize(("name", "examples"), [("compiled", 200), ("duckdb", 10)])
def test_every_engine_gives_the_rows_of_the_oracle(name, examples):
    _check_agreement(name, PARAMETERS, oracle.recommend, examples)


def test_the_blend_gives_the_rows_of_its_oracle():
    _check_agreement("compiled", BLENDED, blend_oracle.recommend, 200)


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
