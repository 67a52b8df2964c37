"""What all tests of recs_batch rely on."""

from contextlib import suppress
from pathlib import Path

import pytest

import recs_batch.graph


@pytest.fixture(scope="session", autouse=True)
def _no_stale_compiled_code():
    """Numba's cache notices a change of a function's own file only, not of the files of functions it calls."""
    folder = Path(recs_batch.graph.__file__).parent
    newest = max(source.stat().st_mtime for source in folder.glob("*.py"))
    for cached in folder.glob("__pycache__/*.nb[ic]"):
        with suppress(FileNotFoundError):  # another process of the same run was faster
            if cached.stat().st_mtime < newest:
                cached.unlink()
