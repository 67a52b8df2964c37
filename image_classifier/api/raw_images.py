"""The short way of the commonest request, one raw image: Flask's dispatch would cost it as much as HTTP itself."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any

from image_classifier.api.problems import image_problem
from image_classifier.api.service import Service
from image_classifier.images import ImageError

ROUTES = frozenset({"/predict", "/invocations", "/chart_classifier/predict"})
Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class RawImages:
    """A WSGI application that answers POSTs of one raw image by itself and leaves everything else to `application`."""

    def __init__(self, application: Application, service: Service) -> None:
        self._application, self._service = application, service

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request; the answers are those that the application would give."""
        length = self._raw_length(environ)
        if length is None:
            return self._application(environ, start_response)
        started = time.perf_counter()
        with self._service.metrics.stage("read"):
            data = environ["wsgi.input"].read(length)
        if len(data) < length:  # cut short: the application words that
            environ["wsgi.input"] = BytesIO(data)
            return self._application(environ, start_response)
        status, kind, answer = self._answer(data)
        body = json.dumps(answer, separators=(",", ":")).encode() + b"\n"
        start_response(status, [("Content-Type", kind), ("Content-Length", str(len(body)))])
        self._service.metrics.count_request(environ["PATH_INFO"], int(status[:3]), time.perf_counter() - started)
        return [body]

    def _raw_length(self, environ: dict[str, Any]) -> int | None:
        """Return the length of the body if it is one raw image of an allowed and known length."""
        if environ["REQUEST_METHOD"] != "POST" or environ["PATH_INFO"] not in ROUTES:
            return None
        kind, length = environ.get("CONTENT_TYPE", ""), environ.get("CONTENT_LENGTH", "")
        if not (kind.startswith("image/") or kind == "application/octet-stream"):
            return None
        if not length.isdecimal() or int(length) > self._service.settings.max_body_bytes:
            return None
        return int(length)

    def _answer(self, data: bytes) -> tuple[str, str, dict[str, Any]]:
        """Return status, content type and JSON document."""
        try:
            answer = self._service.answer(self._service.pixels(data))
        except ImageError as error:
            members = image_problem(error)
            return f"{members['status']} {members['title']}", "application/problem+json", members
        return "200 OK", "application/json", self._service.describe(answer)
