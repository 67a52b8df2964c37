"""The short way of the commonest request, one image: Flask's dispatch would cost it as much as HTTP itself."""

from __future__ import annotations

import json
import re
import time

import pybase64

from image_classifier.images import ImageError
from image_classifier.serving.http import Reply, Request
from image_classifier.serving.problems import image_problem
from image_classifier.serving.service import Service

ROUTES = frozenset({b"/predict", b"/invocations", b"/chart_classifier/predict"})
_TEXT = re.compile(rb'\s*\{\s*"image"\s*:\s*"([^"]*)"\s*\}\s*')  # base64 has nothing that JSON escapes


class QuickAnswers:
    """Answers POSTs of one image that is cheap to decode and of no trace, and leaves everything else."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def answer(self, request: Request) -> Reply | None:
        """Return the answer that the application would give, or None where this is not for the short way."""
        if request.target not in ROUTES or request.method != "POST" or request.header(b"traceparent"):
            return None
        started = time.perf_counter()
        data = one_image(request)
        if data is None:
            return None
        try:
            pixels = self._service.pixels_at_once(data)
            if pixels is None:
                return None
            status, kind = "200 OK", "application/json"
            answer = self._service.answered(pixels, data)
        except ImageError as error:
            answer = image_problem(error)
            status, kind = f"{answer['status']} {answer['title']}", "application/problem+json"
        body = json.dumps(answer, separators=(",", ":")).encode() + b"\n"
        self._service.metrics.count_request(request.target.decode(), int(status[:3]), time.perf_counter() - started)
        return Reply(status, [("Content-Type", kind)], body)


def one_image(request: Request) -> bytes | None:
    """Return the one image of a raw, multipart or JSON body of the plainest shape; None for any other."""
    kind = request.header(b"content-type")
    if kind.startswith(b"image/") or kind == b"application/octet-stream":
        return request.body
    if kind.startswith(b"multipart/form-data; boundary="):
        return _only_part(request.body, kind.removeprefix(b"multipart/form-data; boundary=").strip(b'"'))
    if kind == b"application/json":
        return _only_text(request.body)
    return None


def _only_part(body: bytes, boundary: bytes) -> bytes | None:
    """Return the content of a form's only part, if it is a file named image."""
    opening, closing = b"--" + boundary + b"\r\n", b"\r\n--" + boundary + b"--"
    end = len(body) - len(closing) - (2 if body.endswith(b"\r\n") else 0)
    head_end = body.find(b"\r\n\r\n", 0, 2000)
    if not boundary or not body.startswith(opening) or head_end < 0 or not body.startswith(closing, end):
        return None
    head = body[len(opening) : head_end].lower()
    if b'; name="image"' not in head or b"filename=" not in head or b"transfer-encoding" in head:
        return None
    start = head_end + 4
    return body[start:end] if body.find(b"\r\n--" + boundary, start) == end else None


def _only_text(body: bytes) -> bytes | None:
    """Return the image of {"image": base64}."""
    found = _TEXT.fullmatch(body)
    try:
        return pybase64.b64decode(memoryview(body)[slice(*found.span(1))], validate=True) if found else None
    except ValueError:
        return None  # the application says what is wrong
