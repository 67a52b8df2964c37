"""What all tests of recs_batch rely on."""

from contextlib import suppress
from pathlib import Path

import pytest

import recs_batch.graph
from tests.recs_batch.command_line import succeed


@pytest.fixture(scope="session", autouse=True)
def _no_stale_compiled_code():
    """Numba's cache notices a change of a function's own file only, not of the files of functions it calls."""
    folder = Path(recs_batch.graph.__file__).parent
    newest = max(source.stat().st_mtime for source in folder.glob("*.py"))
    for cached in folder.glob("__pycache__/*.nb[ic]"):
        with suppress(FileNotFoundError):  # another process of the same run was faster
            if cached.stat().st_mtime < newest:
                cached.unlink()


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """The tables of a small network."""
    folder = tmp_path_factory.mktemp("tables")
    succeed("generate", "--out", folder, "--users", 200, "--rooms", 30, "--messages", 1000, "--likes", 5000)
    return folder
