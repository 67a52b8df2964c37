from __future__ import annotations

import pytest
from pydantic import Field
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
