"""The service under gunicorn: worker processes, the process that decodes, metrics that survive a worker."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.web import scratch_directory, serve
from image_classifier.serving.decoding import Decoder, start_decoder
from image_classifier.serving.following import fetch_latest, note_gone, start_follower
from image_classifier.serving.loading import load_classifier
from image_classifier.serving.settings import ServiceSettings

if TYPE_CHECKING:
    from flask import Flask

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8  # of malloc.h


def run_service(settings: ServiceSettings) -> None:
    """Serve until SIGTERM.

    Raises `MissingInputError` or `DataError` for an unfit artifact, and `ConfigurationError` for an address
    that cannot be listened on.
    """
    bound_freed_memory()
    with scratch_directory("image-classifier-") as name:
        scratch = Path(name)
        start_decoder(scratch / "decoder")
        directory = settings.artifact_directory
        if settings.followed is not None:
            directory = fetch_latest(settings.followed, scratch)
            start_follower(settings.followed, scratch, settings.workers, settings.artifact_seconds)
        _serve(settings, directory, scratch)


def _serve(settings: ServiceSettings, directory: Path, scratch: Path) -> None:
    # Workers share what is loaded before they are forked, and need no time for it.
    first = directory.resolve()
    loaded = load_classifier(first)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(scratch)  # read by prometheus_client when it is imported
    from prometheus_client import multiprocess

    from image_classifier.serving.app import create_app
    from image_classifier.serving.logs import PropagatingLogger
    from image_classifier.serving.seen import SeenImages
    from image_classifier.serving.worker import BufferingWorker

    def child_exit(_server: Any, worker: Any) -> None:
        multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
        note_gone(scratch, worker.pid)

    def seen_images() -> SeenImages | None:
        return SeenImages(scratch / "seen", settings.seen_images) if settings.seen_images else None

    def create_worker_app() -> Flask:
        place = directory.resolve()  # another one, when the follower has had it published
        classifier = loaded if place == first else load_classifier(place)
        return create_app(classifier, settings, Decoder(scratch / "decoder"), seen_images())

    seen_images()  # where there is no room for them, that is said once

    serve(
        create_worker_app,
        settings.host,
        settings.port,
        settings.workers,
        worker_class=BufferingWorker,
        graceful_timeout=25,  # SageMaker and Kubernetes kill after 30 seconds
        worker_tmp_dir=str(scratch),
        logger_class=PropagatingLogger,
        control_socket_disable=True,
        child_exit=child_exit,
    )


def bound_freed_memory() -> None:
    """Make glibc keep the memory of an ordinary picture for the next one, and give that of a large one back.

    Left alone it gives every picture's memory back at once, and the next picture pays for it page by page.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, 8 << 20)
        mallopt(_M_TRIM_THRESHOLD, 16 << 20)
        mallopt(_M_ARENA_MAX, 2)
