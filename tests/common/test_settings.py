from __future__ import annotations

from typing import Annotated

import pytest
from pydantic import BaseModel, ConfigDict, Field
from pydantic_settings import BaseSettings

from common.errors import ConfigurationError
from common.settings import DatabaseSettings, StoreSettings, load_settings


class ExampleSettings(BaseSettings):
    workers: int = Field(ge=1)
    half_life_days: float = 30.0


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKERS", "3")
    assert load_settings(ExampleSettings).workers == 3


def test_an_option_wins_over_the_environment_unless_it_was_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKERS", "3")
    assert load_settings(ExampleSettings, workers=4).workers == 4
    assert load_settings(ExampleSettings, workers=None).workers == 3


def test_a_missing_variable_is_named() -> None:
    with pytest.raises(ConfigurationError, match="WORKERS is not set"):
        load_settings(ExampleSettings)


@pytest.mark.parametrize(("value", "expected"), [("many", "valid integer"), ("0", "greater than or equal to 1")])
def test_a_wrong_value_is_shown_with_what_was_expected(
    monkeypatch: pytest.MonkeyPatch, value: str, expected: str
) -> None:
    monkeypatch.setenv("WORKERS", value)
    with pytest.raises(ConfigurationError, match=f"WORKERS is '{value}': .*{expected}"):
        load_settings(ExampleSettings)


def test_every_wrong_variable_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKERS", "many")
    monkeypatch.setenv("HALF_LIFE_DAYS", "long")
    with pytest.raises(ConfigurationError, match="WORKERS.*HALF_LIFE_DAYS"):
        load_settings(ExampleSettings)


def test_a_wrong_database_address_is_refused_without_repeating_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "mysql://user:hunter2@host/database")
    with pytest.raises(ConfigurationError, match="DATABASE_URL: .*postgres") as caught:
        load_settings(DatabaseSettings)
    assert "hunter2" not in str(caught.value)


def test_an_empty_store_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORE_URI", "")
    with pytest.raises(ConfigurationError, match="STORE_URI"):
        load_settings(StoreSettings)


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")
    weight: Annotated[int, Field(ge=0)] = 1


class NestedSettings(BaseSettings):
    inner: Inner = Inner()


def test_a_mistaken_name_inside_a_setting_is_told_with_the_one_that_was_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INNER", '{"wieght": 2}')
    with pytest.raises(ConfigurationError) as told:
        load_settings(NestedSettings)
    assert str(told.value) == "INNER: unknown name 'wieght'; did you mean 'weight'? (known: weight)"
    monkeypatch.setenv("INNER", '{"zzz": 2}')
    with pytest.raises(ConfigurationError) as told:
        load_settings(NestedSettings)
    assert str(told.value) == "INNER: unknown name 'zzz' (known: weight)"


def test_a_wrong_value_inside_a_setting_is_told_with_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INNER", '{"weight": -2}')
    with pytest.raises(ConfigurationError, match=r"^INNER weight is -2: input should be greater than or equal to 0$"):
        load_settings(NestedSettings)
