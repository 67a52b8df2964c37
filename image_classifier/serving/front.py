"""Who answers a request: the commonest ones are answered in the loop, everything else by Flask in a thread."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any
from urllib.parse import unquote_to_bytes

from flask import Flask

from common.logs import get_logger
from image_classifier.serving.http import Reply, Request, problem_reply
from image_classifier.serving.quick import QuickAnswers
from image_classifier.serving.service import Service

log = get_logger(__name__)
_THREADS = 64  # most of them wait for their turn; the work that is let in is bounded by the service


class Front:
    """Answers whole requests."""

    def __init__(self, app: Flask, service: Service) -> None:
        self._app, self._quick = app, QuickAnswers(service)
        self._pool = ThreadPoolExecutor(_THREADS, "request")
        self._in_threads = 0

    def answer(self, request: Request) -> Reply | asyncio.Future[Reply]:
        """Return the answer, or a promise of it; never raises."""
        try:
            reply = self._quick.answer(request)
        except Exception as error:
            return _defect(error)
        if reply is not None:
            return reply
        if self._in_threads >= 2 * _THREADS:
            return problem_reply(503, "Service Unavailable", "too many requests wait; try again")
        self._in_threads += 1
        promise = asyncio.get_running_loop().run_in_executor(self._pool, self._call, request)
        promise.add_done_callback(self._done)
        return promise

    def _done(self, _promise: asyncio.Future[Reply]) -> None:
        self._in_threads -= 1

    def _call(self, request: Request) -> Reply:
        try:
            return call_wsgi(self._app, request)
        except Exception as error:
            return _defect(error)


def call_wsgi(app: Callable[..., Any], request: Request) -> Reply:
    """Call a WSGI application with a request that is whole."""
    started: list[Any] = []
    chunks = app(_environ(request), lambda *start: started.extend(start))
    try:
        body = b"".join(chunks)
    finally:
        if hasattr(chunks, "close"):
            chunks.close()
    return Reply(started[0], started[1], body)


def _environ(request: Request) -> dict[str, Any]:
    path, _, query = request.target.partition(b"?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query.decode("latin-1"),
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": f"HTTP/{request.version}",
        "REMOTE_ADDR": request.peer,
        "CONTENT_LENGTH": str(len(request.body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(request.body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in request.headers:
        key = name.decode("latin-1").upper().replace("-", "_")
        if "_" in name.decode("latin-1") or key in {"CONTENT_LENGTH", "TRANSFER_ENCODING"}:
            continue  # the body is whole, and X_A must not pass for X-A
        key = key if key == "CONTENT_TYPE" else f"HTTP_{key}"
        environ[key] = f"{environ[key]},{value.decode('latin-1')}" if key in environ else value.decode("latin-1")
    return environ


def _defect(error: Exception) -> Reply:
    log.error("unexpected error", exc_info=error)
    return problem_reply(500, "Internal Server Error", "an unexpected error; the log has it")
