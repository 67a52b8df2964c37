"""Kernels that were compiled when an image was built."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path


def bring_built_kernels() -> None:
    """Copy the folder BUILT_KERNELS to NUMBA_CACHE_DIR, once; numba reads only where it may write, which is no image.

    Whichever of them numba cannot use it compiles again.
    """
    built, kept = os.environ.get("BUILT_KERNELS"), os.environ.get("NUMBA_CACHE_DIR")
    if not built or not kept or Path(kept).exists():
        return
    copy = Path(f"{kept}.{os.getpid()}")
    shutil.copytree(built, copy)
    with suppress(OSError):  # another process was faster
        copy.rename(kept)
    shutil.rmtree(copy, ignore_errors=True)
