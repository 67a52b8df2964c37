from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from common.version import code_version, version


def test_the_commit_baked_into_an_image_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    code_version.cache_clear()
    monkeypatch.setenv("CODE_VERSION", "abc123")
    assert code_version() == "abc123"
    code_version.cache_clear()


def test_a_checkout_describes_itself() -> None:
    code_version.cache_clear()
    assert len(code_version()) >= 7


def test_where_there_is_no_commit_it_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path))
    code_version.cache_clear()
    assert code_version() == "unknown"
    code_version.cache_clear()


def test_the_release_is_that_of_the_project_or_of_the_image(monkeypatch: pytest.MonkeyPatch) -> None:
    version.cache_clear()
    project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
    assert version() == project["version"]
    version.cache_clear()
    monkeypatch.setenv("PROJECT_VERSION", "9.9.9")
    assert version() == "9.9.9"
    version.cache_clear()
