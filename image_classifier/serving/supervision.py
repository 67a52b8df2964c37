"""Processes beside the workers that are started again when they end before their time."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

from common.logs import get_logger

log = get_logger(__name__)
_PAUSE_SECONDS = 0.5


def start_supervised(name: str, work: Callable[[int], None]) -> None:
    """Call `work` in a process of its own, and anew when that is killed or fails.

    `work` is given a file descriptor and returns when that is at its end: this process and all that it forks are gone.
    """
    gone, held = os.pipe()  # the reading end is at its end once nobody holds the other
    if os.fork():
        os.close(gone)
        return
    os.close(held)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # the workers still finish what they have accepted
    try:
        while not _ended_in_time(work, gone):
            log.warning("a process has ended before its time and is started again", process=name)
            time.sleep(_PAUSE_SECONDS)
    finally:
        os._exit(0)


def _ended_in_time(work: Callable[[int], None], gone: int) -> bool:
    try:
        child = os.fork()
    except OSError as error:
        log.warning("no process can be started", reason=str(error))
        return False
    if not child:
        try:
            work(gone)
            os._exit(0)
        except BaseException:
            log.exception("unexpected error")
        finally:
            os._exit(1)
    return os.waitpid(child, 0)[1] == 0
