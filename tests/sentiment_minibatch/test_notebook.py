from __future__ import annotations

import pytest

from tests.notebooks import FOLDER, executed, shown, stored


def test_the_notebook_runs_from_top_to_bottom_and_shows_what_is_kept(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    notebook = FOLDER / "sentiment_minibatch.ipynb"
    assert shown(executed(notebook)) == shown(stored(notebook))
