"""What is misspelt is refused with the name that was meant; what is left out keeps its default."""

from __future__ import annotations

import pytest

from common.errors import ConfigurationError
from common.settings import load_settings
from recs_batch.settings import AlgorithmSettings, LimitSettings, refuse_misspelt


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("RECS_WEIGHTS", '{"lke": 3}', ["unknown name 'lke'", "did you mean 'like'?"]),
        ("RECS_WEIGHTS", '{"like": ', ["RECS_WEIGHTS is not JSON"]),
        ("RECS_WEIGHTS", '{"like": "many"}', ["RECS_WEIGHTS like is 'many'"]),
        ("RECS_WEIGHTS", "[1]", ["RECS_WEIGHTS is [1]"]),
        ("RECS_TOP", "0", ["RECS_TOP is '0'"]),
    ],
)
def test_a_wrong_setting_is_named(monkeypatch, variable, value, words):
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigurationError) as error:
        load_settings(AlgorithmSettings)
    assert all(word in str(error.value) for word in words), error.value


def test_what_json_leaves_out_keeps_its_default(monkeypatch):
    monkeypatch.setenv("RECS_WEIGHTS", '{"like": 3}')
    weights = load_settings(AlgorithmSettings).parameters().weights
    assert (weights.like, weights.mention, weights.post) == (3, 1, 1)


@pytest.mark.parametrize(
    ("name", "meant"),
    [("RECS_TOPP", "RECS_TOP"), ("RECS_MAX_DROPED", "RECS_MAX_DROPPED"), ("RECS_HALFLIFE_DAYS", None)],
)
def test_a_misspelt_variable_is_refused(name, meant):
    with pytest.raises(ConfigurationError, match=meant or "RECS_HALF_LIFE_DAYS"):
        refuse_misspelt([name])


def test_variables_of_other_programs_are_none_of_our_business():
    refuse_misspelt(
        ["RECS_IMAGE", "RECS_NAMESPACE", "RECS_BATCH_SERVICE_HOST", "RECS_TOP", "RECS_MAX_REGRESSION", "PATH"]
    )


def test_limits_are_shares(monkeypatch):
    monkeypatch.setenv("RECS_MAX_DROPPED", "5")
    with pytest.raises(ConfigurationError, match="RECS_MAX_DROPPED"):
        load_settings(LimitSettings)
