"""How the reader of the revisions is doing: for Prometheus, and for Kubernetes."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, generate_latest

from common.metrics import BuildInfo

_STUCK_SECONDS = 60.0
_UNREAD_SECONDS = 30.0


class Progress:
    """What the reader has done: for Prometheus, and for Kubernetes to tell whether it lives and whether it reads.

    It lives as long as it tries, whatever is away; it is ready as long as every shard was read lately.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.registry = CollectorRegistry()
        self.registry.register(BuildInfo("sentiment_stream"))
        self._clock = clock
        self._started = self._tried = clock()
        self._read: float | None = None
        self._behind_then = 0.0
        self._waits = False
        self._trouble = ""
        behind = Gauge(
            "sentiment_stream_behind_seconds", "how far the reader is behind the revisions", registry=self.registry
        )
        behind.set_function(self._behind_seconds)
        self.revisions = Counter("sentiment_stream_revisions", "revisions of minutes read", registry=self.registry)
        self.alone = Counter(
            "sentiment_stream_messages_alone",
            "messages of minutes that the job does not know whole",
            registry=self.registry,
        )
        self.unreadable = Counter(
            "sentiment_stream_unreadable", "records that are no revisions", registry=self.registry
        )

    def read(self, behind_seconds: float) -> None:
        """Note that every shard was read and the database took it, and how far behind its end the last one was."""
        self._tried = self._read = self._clock()
        self._behind_then, self._waits, self._trouble = behind_seconds, False, ""

    def failed(self, reason: str) -> None:
        """Note that the stream or the database was tried in vain."""
        self._tried = self._clock()
        self._waits, self._trouble = False, reason

    def waits(self) -> None:
        """Note that another reader is at it."""
        self._tried = self._clock()
        self._waits, self._trouble = True, ""

    def is_stuck(self) -> bool:
        """Tell whether nothing was even tried for a minute."""
        return self._clock() - self._tried > _STUCK_SECONDS

    def why_unready(self) -> str | None:
        """Return why the minutes may be old as far as this reader knows, or None."""
        if self._waits:
            return "another reader is at it"
        if self._read is None:
            return self._with_trouble("nothing was read yet")
        unread = self._clock() - self._read
        return self._with_trouble(f"nothing was read for {unread:.0f} seconds") if unread > _UNREAD_SECONDS else None

    def _with_trouble(self, said: str) -> str:
        return f"{said}: {self._trouble}" if self._trouble else said

    def _behind_seconds(self) -> float:
        """Return a number that grows while nothing is read; one who waits for another reader has none."""
        if self._waits:
            return math.nan
        since = self._started if self._read is None else self._read
        return self._behind_then + self._clock() - since


def serve_progress(progress: Progress, host: str, port: int) -> ThreadingHTTPServer:
    """Answer /healthz, /readyz and /metrics in a thread of its own; the caller shuts the server down."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/metrics":
                self._answer(200, generate_latest(progress.registry), CONTENT_TYPE_LATEST)
            elif self.path == "/healthz":
                self._say("nothing was tried for a minute" if progress.is_stuck() else None)
            elif self.path == "/readyz":
                self._say(progress.why_unready())
            else:
                self._answer(404, b"there are /healthz, /readyz and /metrics", "text/plain")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (its name there)
            """Probes are not worth a line each."""

        def _say(self, wrong: str | None) -> None:
            self._answer(503 if wrong else 200, (wrong or "ok").encode(), "text/plain")

        def _answer(self, status: int, body: bytes, content_type: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer((host, port), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
