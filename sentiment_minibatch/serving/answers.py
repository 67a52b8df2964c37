"""Answers that hold until the minutes change: each is computed once, however many ask for it at the same time."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future

from sentiment_minibatch.index import Version

_MOST_BYTES = 32 << 20


class Answers:
    """The bodies of one version of the minutes by what was asked, the oldest forgotten beyond 32 MiB."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._version: Version | None = None
        self._bodies: OrderedDict[str, Future[bytes]] = OrderedDict()
        self._bytes = 0

    def get(self, version: Version, asked: str, compute: Callable[[], bytes]) -> bytes:
        """Return the body for `asked`. One thread computes it and the others wait; what it raises, all raise."""
        with self._lock:
            if version != self._version:
                self._version, self._bytes = version, 0
                self._bodies = OrderedDict()
            bodies = self._bodies
            body = bodies.get(asked)
            first = body is None
            if body is None:
                body = bodies[asked] = Future()
        if first:
            self._fill(bodies, asked, body, compute)
        return body.result()

    def _fill(
        self, bodies: OrderedDict[str, Future[bytes]], asked: str, body: Future[bytes], compute: Callable[[], bytes]
    ) -> None:
        try:
            body.set_result(compute())
        except BaseException as error:  # whoever waits must not wait for ever
            body.set_exception(error)
        with self._lock:
            if body.exception() is not None:
                bodies.pop(asked, None)
            elif bodies is self._bodies and asked in bodies:
                self._bytes += len(body.result())
                while self._bytes > _MOST_BYTES and len(bodies) > 1:
                    _, oldest = bodies.popitem(last=False)
                    self._bytes -= len(oldest.result()) if oldest.done() else 0
