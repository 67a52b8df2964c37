"""What every web service here does alike: gunicorn in front, RFC 9457 problem documents for errors."""

from __future__ import annotations

import errno
import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from flask import Flask, Response, json
from gunicorn.app.base import BaseApplication
from werkzeug.exceptions import HTTPException

from common.errors import ApplicationError, ConfigurationError, UnavailableError
from common.logs import get_logger

log = get_logger(__name__)


def serve(create_app: Callable[[], Flask], host: str, port: int, workers: int, **options: Any) -> None:
    """Serve under gunicorn until SIGTERM, finishing what is in flight; `options` are gunicorn settings.

    Raises `ConfigurationError` when the address cannot be listened on.
    """
    _check_free(host, port)
    _Gunicorn(create_app, {"bind": f"{host}:{port}", "workers": workers, **options}).run()


@contextmanager
def scratch_directory(prefix: str) -> Iterator[str]:
    """Make a directory that all workers share; a worker that ends leaves it to the others."""
    owner = os.getpid()
    scratch = tempfile.mkdtemp(prefix=prefix)
    try:
        yield scratch
    finally:
        if os.getpid() == owner:
            shutil.rmtree(scratch, ignore_errors=True)


def problem(status: int, title: str, detail: str, **members: Any) -> Response:
    """Return a problem document (RFC 9457); `members` are its extension members."""
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **members}
    return Response(json.dumps(body), status=status, content_type="application/problem+json")


def register_problem_handlers(app: Flask) -> None:
    """Make `app` answer every error with a problem document: HTTP's own, ours, and defects (500, logged whole)."""

    @app.errorhandler(HTTPException)
    def _http_error(error: HTTPException) -> Response:
        status = error.code or 500
        response = problem(status, error.name, error.description or error.name)
        for name, value in error.get_headers():
            if name not in {"Content-Type", "Content-Length"}:
                response.headers[name] = value
        return response

    @app.errorhandler(ApplicationError)
    def _application_error(error: ApplicationError) -> Response:
        if isinstance(error, UnavailableError):
            return problem(503, "Service Unavailable", str(error))
        return problem(500, "Internal Server Error", str(error))

    @app.errorhandler(Exception)
    def _defect(error: Exception) -> Response:
        log.error("unexpected error", exc_info=error)
        return problem(500, "Internal Server Error", "an unexpected error; the log has it")


class _Gunicorn(BaseApplication):  # type: ignore[misc] # gunicorn has no types
    def __init__(self, create_app: Callable[[], Flask], options: Mapping[str, Any]) -> None:
        self._create_app, self._options = create_app, options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        return self._create_app()


def _check_free(host: str, port: int) -> None:
    """Gunicorn retries for seconds and then exits with a log line; say it at once and in words."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise ConfigurationError(f"port {port} on {host} is in use; choose another with --port") from None
            raise ConfigurationError(f"cannot listen on {host}:{port}: {error.strerror or error}") from None
