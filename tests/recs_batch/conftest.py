"""What all tests of recs_batch rely on."""

from pathlib import Path

import pytest

import recs_batch.graph


@pytest.fixture(scope="session", autouse=True)
def _no_stale_compiled_code():
    """Numba's cache notices a change of a function's own file only, not of the files of functions it calls."""
    folder = Path(recs_batch.graph.__file__).parent
    newest = max(source.stat().st_mtime for source in folder.glob("*.py"))
    for cached in folder.glob("__pycache__/*.nb[ic]"):
        if cached.stat().st_mtime < newest:
            cached.unlink(missing_ok=True)
