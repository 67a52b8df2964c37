"""The notebook runs from top to bottom on drawn images: its kernel in this environment, training in its own."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "notebooks/image_classifier.ipynb"
TRAINING = ROOT / ".venv-training/bin/python"


@pytest.mark.slow
@pytest.mark.skipif(not TRAINING.exists(), reason="TensorFlow is in .venv-training only: make test-training")
def test_the_notebook_runs_from_top_to_bottom() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Jupyter's own libraries
        import nbformat
        from nbclient import NotebookClient

        NotebookClient(nbformat.read(NOTEBOOK, as_version=4), timeout=280, kernel_name="python3").execute()
