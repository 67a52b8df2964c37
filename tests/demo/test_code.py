from __future__ import annotations

import pytest

from common.version import code_version
from demo.code import code_version_of_files


@pytest.mark.parametrize("described", ["unknown", "0123456789ab-dirty"])
def test_code_that_no_commit_stands_for_is_named_by_its_files(described: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODE_VERSION", described)
    code_version.cache_clear()
    found = code_version_of_files()
    assert found.startswith("files-")
    assert code_version_of_files() == found
    code_version.cache_clear()


def test_a_commit_stands_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODE_VERSION", "0123456789ab")
    code_version.cache_clear()
    assert code_version_of_files() == "0123456789ab"
    code_version.cache_clear()
