from __future__ import annotations

import pytest

from tests.notebooks import FOLDER, executed, shown, stored


@pytest.mark.slow
def test_the_notebook_runs_from_top_to_bottom_and_shows_what_is_kept():
    notebook = FOLDER / "recs_batch.ipynb"
    assert shown(executed(notebook)) == shown(stored(notebook))
