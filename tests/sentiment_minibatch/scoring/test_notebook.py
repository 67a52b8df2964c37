"""The notebook of training, evaluation and errors runs, on made-up messages, and shows what is kept."""

from __future__ import annotations

import pytest

from tests.notebooks import FOLDER, executed, shown, stored


def test_the_notebook_runs_from_top_to_bottom_and_shows_what_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MESSAGES", raising=False)  # a reader's own
    notebook = FOLDER / "sentiment_scoring.ipynb"
    assert shown(executed(notebook)) == shown(stored(notebook))
