"""Kernels that were compiled when an image was built."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path


def bring_built_kernels() -> None:
    """Copy the folder BUILT_KERNELS to NUMBA_CACHE_DIR, once; what cannot be copied or used is compiled again.

    Numba reads kernels only from a folder that it may write to, and an image's root is read-only.
    """
    built, kept = os.environ.get("BUILT_KERNELS"), os.environ.get("NUMBA_CACHE_DIR")
    if not built or not kept or Path(kept).exists():
        return
    copy = Path(f"{kept}.{os.getpid()}")
    with suppress(OSError):  # another process may be faster
        shutil.copytree(built, copy)
        copy.rename(kept)
    shutil.rmtree(copy, ignore_errors=True)
