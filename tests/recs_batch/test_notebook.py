import warnings
from pathlib import Path

import pytest

NOTEBOOK = Path(__file__).parents[2] / "notebooks/recs_batch.ipynb"


@pytest.mark.slow
def test_the_notebook_runs_from_top_to_bottom():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Jupyter's own libraries
        import nbformat
        from nbclient import NotebookClient

        NotebookClient(nbformat.read(NOTEBOOK, as_version=4), timeout=280, kernel_name="python3").execute()
