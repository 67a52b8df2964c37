"""The service under gunicorn: worker processes, request deadlines, metrics that survive a worker."""

from __future__ import annotations

import ctypes
import os
import select
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

from common.web import serve
from image_classifier.api.settings import ServiceSettings
from image_classifier.artifact import load_artifact

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8  # of malloc.h
_NEXT_REQUEST_MILLISECONDS = 20


class DeadlineWorker(ThreadWorker):  # type: ignore[misc] # gunicorn has no types
    """A threaded worker that gives a client so long to send a request, and drains its backlog when it is told to stop.

    gunicorn's own threaded worker waits for ever for the rest of a request: a few slow clients would hold every thread.
    """

    request_seconds = 30.0

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._deadlines: dict[Any, float] = {}

    def handle(self, conn: Any) -> Any:
        """Handle the requests of a connection for as long as they follow at once and there are threads for all.

        Handing a connection back to the main thread and getting it again costs about as much as Flask does.
        """
        while True:
            self._deadlines[conn] = time.monotonic() + self.request_seconds
            try:
                keep = super().handle(conn)
            finally:
                self._deadlines.pop(conn, None)
            if keep is not True or self.nr_conns > self.cfg.threads or not _has_data(conn.sock):
                return keep

    def murder_pending(self) -> None:
        """Let the reading end of every overdue connection: the request reads as cut short, and its thread is free."""
        super().murder_pending()
        now = time.monotonic()
        for conn, deadline in list(self._deadlines.items()):
            if deadline < now:
                with suppress(OSError):
                    conn.sock.shutdown(socket.SHUT_RD)

    def set_accept_enabled(self, enabled: bool) -> None:
        """Accept or stop accepting; a worker that stops for good first takes what already waits in its backlog."""
        if enabled or self.alive:
            super().set_accept_enabled(enabled)
            return
        for listener in self.sockets:
            self._drain(listener)
        super().set_accept_enabled(enabled)
        for listener in self.sockets:
            listener.close()

    def _drain(self, listener: Any) -> None:
        while True:
            before = self.nr_conns
            self.accept(listener)
            if self.nr_conns == before:
                return


def _has_data(connection: socket.socket) -> bool:
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(_NEXT_REQUEST_MILLISECONDS))


def run_service(settings: ServiceSettings) -> None:
    """Serve until SIGTERM.

    Raises `MissingInputError` or `DataError` for an unfit artifact, and `ConfigurationError` for an address
    that cannot be listened on.
    """
    bound_freed_memory()
    artifact = load_artifact(settings.artifact_directory)
    DeadlineWorker.request_seconds = settings.request_seconds
    with _scratch_directory() as scratch:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = scratch  # read by prometheus_client when it is imported
        from prometheus_client import multiprocess

        from image_classifier.api.app import application

        serve(
            application(artifact, settings),
            settings.host,
            settings.port,
            settings.workers,
            worker_class=DeadlineWorker,
            threads=settings.threads,
            graceful_timeout=25,  # SageMaker and Kubernetes kill after 30 seconds
            worker_tmp_dir=scratch,
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
