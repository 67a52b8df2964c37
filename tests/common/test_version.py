from __future__ import annotations

import pytest

from common.version import code_version


def test_the_commit_baked_into_an_image_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    code_version.cache_clear()
    monkeypatch.setenv("CODE_VERSION", "abc123")
    assert code_version() == "abc123"
    code_version.cache_clear()


def test_a_checkout_describes_itself() -> None:
    code_version.cache_clear()
    assert len(code_version()) >= 7
