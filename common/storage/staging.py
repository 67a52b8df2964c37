"""Files that are written aside, and locks that a killed process gives up and a stopped one keeps."""

from __future__ import annotations

import fcntl
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from common.storage.errors import StorageUnavailableError

PATIENCE = 30.0  # seconds to wait for a lock


@contextmanager
def staging_file(folder: Path) -> Iterator[BinaryIO]:
    """Give a new file that is locked as long as it is in use, so that `tidy` knows it from one left behind."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / uuid.uuid4().hex
    with path.open("xb") as target:
        fcntl.flock(target, fcntl.LOCK_SH)
        if not os.fstat(target.fileno()).st_nlink:
            raise StorageUnavailableError(path.as_uri(), "tidied away before it was locked")
        try:
            yield target
        finally:
            path.unlink(missing_ok=True)


def locked(handle: BinaryIO) -> bool:
    """Lock a file against others, unless somebody, stopped perhaps, holds it for too long."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        with suppress(BlockingIOError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        time.sleep(0.02)
    return False
