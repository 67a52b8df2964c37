"""Serving what was published last: a process of its own looks for it, and has the workers replaced one by one."""

from __future__ import annotations

import os
import select
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

from common.errors import ApplicationError, MissingInputError
from common.logs import get_logger
from common.storage import Manifest
from image_classifier.learning.models import download, latest
from image_classifier.serving.loading import load_classifier
from image_classifier.serving.supervision import start_supervised

log = get_logger(__name__)
_READY = "ready-"
_BOOT_SECONDS = 60.0


def fetch_latest(uri: str, scratch: Path) -> Path:
    """Copy the artifact that was published last, and return the link by which workers find the current one.

    Raises `MissingInputError` where nothing was published, and a `StorageError`.
    """
    manifest = latest(uri)
    if manifest is None:
        raise MissingInputError(f"no artifact is published at {uri}; `promote` publishes one")
    return _install(uri, manifest, scratch)


def note_ready(scratch: Path) -> None:
    """Leave a sign that this worker answers."""
    (scratch / f"{_READY}{os.getpid()}").touch()


def note_gone(scratch: Path, pid: int) -> None:
    """Remove the sign of a worker that has ended."""
    (scratch / f"{_READY}{pid}").unlink(missing_ok=True)


def start_follower(uri: str, scratch: Path, workers: int, seconds: float) -> None:
    """Start the process that looks for another publication every so many seconds; it ends with this one."""
    server = os.getpid()
    start_supervised("follower", lambda gone: _follow(uri, scratch, workers, seconds, server=server, gone=gone))


def _follow(uri: str, scratch: Path, workers: int, seconds: float, *, server: int, gone: int) -> None:
    due, refused = time.monotonic() + seconds, ""
    while not select.select([gone], [], [], 0.2)[0]:
        if time.monotonic() < due:
            continue
        try:
            manifest = latest(uri)
            if manifest is not None and manifest.run not in {_current(scratch).name, refused}:
                refused = manifest.run  # until it serves: one that cannot is not tried again
                _install(uri, manifest, scratch)
                _replace_workers(scratch, workers, server)
                log.info("switched", run=manifest.run, version=manifest.metadata.get("version"))
        except ApplicationError as error:
            log.warning("the artifact that serves stays", reason=str(error))
        except Exception:
            log.exception("the artifact that serves stays")
        due = time.monotonic() + seconds


def _current(scratch: Path) -> Path:
    return (scratch / "current").resolve()


def _install(uri: str, manifest: Manifest, scratch: Path) -> Path:
    """Copy an artifact, make sure that it loads, and point the link at it; of earlier ones, the last is kept."""
    models, link = scratch / "models", scratch / "current"
    place = download(uri, manifest, models)
    load_classifier(place)
    keep = {place.name, _current(scratch).name}
    partial = scratch / "next"
    partial.symlink_to(place)
    partial.replace(link)
    for old in models.iterdir():
        if old.name not in keep:
            shutil.rmtree(old)
    return link


def _replace_workers(scratch: Path, workers: int, server: int) -> None:
    """Have the server start a worker and, once that answers, finish its oldest; so many times."""
    for _ in range(workers):
        before = _ready(scratch)
        os.kill(server, signal.SIGTTIN)
        _wait_for(scratch, before, set.__gt__)
        before = _ready(scratch)
        os.kill(server, signal.SIGTTOU)
        _wait_for(scratch, before, set.__lt__)


def _ready(scratch: Path) -> set[int]:
    return {int(path.name.removeprefix(_READY)) for path in scratch.glob(f"{_READY}*")}


def _wait_for(scratch: Path, before: set[int], reached: Callable[[set[int], set[int]], bool]) -> None:
    """Wait until the workers that answer have become more than before, or fewer."""
    deadline = time.monotonic() + _BOOT_SECONDS
    while not reached(_ready(scratch), before):
        if time.monotonic() > deadline:
            raise ApplicationError("a worker was not replaced in time")
        time.sleep(0.05)
