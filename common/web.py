"""What every web service here does alike: gunicorn, RFC 9457 problem documents for errors, safe headers, gzip."""

from __future__ import annotations

import errno
import gzip
import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from flask import Flask, Response, json, request
from gunicorn.app.base import BaseApplication
from werkzeug.exceptions import HTTPException

from common.errors import ApplicationError, ConfigurationError, UnavailableError
from common.logs import get_logger

log = get_logger(__name__)

# Everything a page needs comes from its own server, as files: no script or style stands in its text.
_CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
SECURITY_HEADERS = {
    "Content-Security-Policy": _CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_WORTH_COMPRESSING = 500  # bytes; less fits into one packet anyway
_COMPRESSIBLE = ("text/", "application/json", "application/problem+json", "application/javascript", "image/svg+xml")


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
            response = problem(503, "Service Unavailable", str(error))
            response.headers["Retry-After"] = "2"
            return response
        return problem(500, "Internal Server Error", str(error))

    @app.errorhandler(Exception)
    def _defect(error: Exception) -> Response:
        log.error("unexpected error", exc_info=error)
        return problem(500, "Internal Server Error", "an unexpected error; the log has it")


def register_security_headers(app: Flask) -> None:
    """Make every answer of `app` tell browsers what it may do: nothing but what comes from the same server."""

    @app.after_request
    def _secure(response: Response) -> Response:
        for name, value in SECURITY_HEADERS.items():
            response.headers.setdefault(name, value)
        return response


def register_compression(app: Flask) -> None:
    """Make `app` send text compressed to whoever takes gzip; the same text is compressed once."""

    @app.after_request
    def _compress(response: Response) -> Response:
        if not (response.mimetype or "").startswith(_COMPRESSIBLE):
            return response
        response.vary.add("Accept-Encoding")
        if response.status_code != 200 or not request.accept_encodings["gzip"]:
            return response
        response.direct_passthrough = False
        body = response.get_data()
        if len(body) >= _WORTH_COMPRESSING:
            response.set_data(_gzipped(body))
            response.content_encoding = "gzip"
            if etag := response.get_etag()[0]:
                response.set_etag(etag, weak=True)  # it names the text, not these bytes
        return response


@lru_cache(maxsize=64)
def _gzipped(body: bytes) -> bytes:
    return gzip.compress(body, 6, mtime=0)


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
