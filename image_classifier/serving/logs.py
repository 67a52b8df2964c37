"""What the service's libraries say, in the form of every other line of the log."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from gunicorn.glogging import Logger

from common.logs import get_logger

log = get_logger(__name__)


class PropagatingLogger(Logger):  # type: ignore[misc] # gunicorn has no types
    """gunicorn's logger without handlers of its own: its lines go where the service's go."""

    def setup(self, cfg: Any) -> None:
        """Leave level and form to the root logger."""
        self.cfg = cfg
        self.error_log.handlers, self.error_log.propagate = [], True
        self.error_log.setLevel(logging.NOTSET)
        self.access_log.disabled = True


@contextmanager
def standard_error_as_log() -> Iterator[None]:
    """Log what a native library writes to standard error in the meantime, line by line, at level debug."""
    kept = os.dup(2)
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            file.seek(0)
            for line in file.read().decode(errors="replace").splitlines():
                log.debug("native", line=line)
