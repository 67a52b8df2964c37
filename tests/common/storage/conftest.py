"""One contract, two homes: every test that asks for `store` runs against a directory and against S3 over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from common.storage import Store, open_store


@pytest.fixture(params=["directory", "s3"])
def reopen(request: pytest.FixtureRequest) -> Callable[[], Store]:
    """Open the same, at first empty, store again and again, as separate processes would."""
    if request.param == "directory":
        directory: Path = request.getfixturevalue("tmp_path")
        return lambda: open_store(str(directory / "store"))
    bucket: str = request.getfixturevalue("bucket")
    return lambda: open_store(f"s3://{bucket}/some/prefix")


@pytest.fixture
def store(reopen: Callable[[], Store]) -> Store:
    return reopen()
