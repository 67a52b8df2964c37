"""What is misspelt is refused with the name that was meant; what is left out keeps its default."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from common.errors import ConfigurationError
from common.settings import load_settings
from recs_batch.parameters import Parameters
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


@pytest.mark.parametrize(
    ("variable", "allowed", "beyond"),
    [
        ("RECS_CLOSEST", ["1", "15"], ["0", "16"]),
        ("RECS_TOP", ["1", "100"], ["0", "101"]),
        ("RECS_SHOWN_DAYS", ["0", "28"], ["-1", "29"]),
        ("RECS_HALF_LIFE_DAYS", ["0.5"], ["0"]),
        ("RECS_FILTER_USERS", ['{"own": 16}', '{"own": 0.001}'], ['{"own": 17}', '{"own": 0}']),
        (
            "RECS_FILTER_USERS",
            ['{"power": 1}', '{"power": 0.125}'],
            ['{"power": 1.125}', '{"power": 0}', '{"power": 0.3}'],
        ),
        (
            "RECS_FILTER_USERS",
            ['{"popularity": 1}', '{"popularity": 0}'],
            ['{"popularity": 1.125}', '{"popularity": -0.125}'],
        ),
        ("RECS_ARMS", ['{"new": {}}'], ['{"control": {}}', '{"New": {}}']),
    ],
)
def test_bounds_are_what_is_allowed_for_settings_and_for_a_nights_parameters_alike(
    monkeypatch, variable, allowed, beyond
):
    for value in allowed:
        monkeypatch.setenv(variable, value)
        assert load_settings(AlgorithmSettings).parameters()
    for value in beyond:
        monkeypatch.setenv(variable, value)
        with pytest.raises(ConfigurationError, match=variable):
            load_settings(AlgorithmSettings)
    if variable in {"RECS_CLOSEST", "RECS_TOP", "RECS_SHOWN_DAYS", "RECS_HALF_LIFE_DAYS"}:
        for value in beyond:
            with pytest.raises(ValidationError):
                Parameters.model_validate({variable.removeprefix("RECS_").lower(): float(value)})


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
