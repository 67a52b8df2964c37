"""The service under gunicorn: worker processes, the process that decodes, metrics that survive a worker."""

from __future__ import annotations

import ctypes
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from common.web import serve
from image_classifier.api.decoding import Decoder, start_decoder
from image_classifier.api.settings import ServiceSettings
from image_classifier.artifact import load_artifact

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8  # of malloc.h


def run_service(settings: ServiceSettings) -> None:
    """Serve until SIGTERM.

    Raises `MissingInputError` or `DataError` for an unfit artifact, and `ConfigurationError` for an address
    that cannot be listened on.
    """
    bound_freed_memory()
    artifact = load_artifact(settings.artifact_directory)
    with _scratch_directory() as scratch:
        sockets = Path(scratch) / "decoder"
        start_decoder(sockets)
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = scratch  # read by prometheus_client when it is imported
        from prometheus_client import multiprocess

        from image_classifier.api.app import application
        from image_classifier.api.logs import PropagatingLogger
        from image_classifier.api.worker import BufferingWorker

        serve(
            application(artifact, settings, Decoder(sockets)),
            settings.host,
            settings.port,
            settings.workers,
            worker_class=BufferingWorker,
            graceful_timeout=25,  # SageMaker and Kubernetes kill after 30 seconds
            worker_tmp_dir=scratch,
            logger_class=PropagatingLogger,
            control_socket_disable=True,
            child_exit=lambda _server, worker: multiprocess.mark_process_dead(worker.pid),  # type: ignore[no-untyped-call]
        )


@contextmanager
def _scratch_directory() -> Iterator[str]:
    """Make a directory for the metrics of all workers; a worker that ends leaves it to the others."""
    owner = os.getpid()
    scratch = tempfile.mkdtemp(prefix="image-classifier-")
    try:
        yield scratch
    finally:
        if os.getpid() == owner:
            shutil.rmtree(scratch, ignore_errors=True)


def bound_freed_memory() -> None:
    """Make glibc keep the memory of an ordinary picture for the next one, and give that of a large one back.

    Left alone it gives every picture's memory back at once, and the next picture pays for it page by page.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, 8 << 20)
        mallopt(_M_TRIM_THRESHOLD, 16 << 20)
        mallopt(_M_ARENA_MAX, 2)
