"""How the reader of the revisions is doing: for Prometheus, and for Kubernetes."""

from __future__ import annotations

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, generate_latest

from common.metrics import BuildInfo

_STALE_SECONDS = 60.0


class Progress:
    """What the reader has done: for Prometheus, and for Kubernetes to tell whether it still does."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.registry.register(BuildInfo("sentiment_stream"))
        self._polled = time.monotonic()
        self.behind = Gauge(
            "sentiment_stream_behind_seconds", "how far the reader is behind the revisions", registry=self.registry
        )
        self.revisions = Counter("sentiment_stream_revisions", "revisions of minutes read", registry=self.registry)
        self.alone = Counter(
            "sentiment_stream_messages_alone",
            "messages of minutes that the job does not know whole",
            registry=self.registry,
        )
        self.unreadable = Counter(
            "sentiment_stream_unreadable", "records that are no revisions", registry=self.registry
        )

    def polled(self) -> None:
        """Note that every shard was read and the database took it."""
        self._polled = time.monotonic()

    def is_stale(self) -> bool:
        """Tell whether nothing has been read for a minute."""
        return time.monotonic() - self._polled > _STALE_SECONDS


def serve_progress(progress: Progress, host: str, port: int) -> ThreadingHTTPServer:
    """Answer /healthz and /metrics in a thread of its own; the caller shuts the server down."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/metrics":
                self._answer(200, generate_latest(progress.registry), CONTENT_TYPE_LATEST)
            elif self.path == "/healthz":
                stale = progress.is_stale()
                self._answer(503 if stale else 200, b"nothing was read for a minute" if stale else b"ok", "text/plain")
            else:
                self._answer(404, b"there are /healthz and /metrics", "text/plain")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (its name there)
            """Probes are not worth a line each."""

        def _answer(self, status: int, body: bytes, content_type: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer((host, port), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
