"""The notebook of training, evaluation and errors runs, on made-up messages."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

NOTEBOOK = Path("notebooks/sentiment_scoring.ipynb")


def test_the_notebook_runs_from_top_to_bottom() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--nbmake", "-o", "filterwarnings=", "-p", "no:cacheprovider", str(NOTEBOOK)],
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout


def test_the_notebook_that_is_kept_shows_no_output() -> None:
    assert '"outputs": []' in NOTEBOOK.read_text()
    assert '"output_type"' not in NOTEBOOK.read_text()  # a reader's own messages would be in it
