"""The trace that a request belongs to, in every line that is logged for it (https://www.w3.org/TR/trace-context/)."""

from __future__ import annotations

import re
import time

from flask import Flask, Response, request
from structlog.contextvars import bind_contextvars, clear_contextvars

from common.logs import get_logger

_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}(-.*)?")

log = get_logger(__name__)


def trace_of(traceparent: str) -> dict[str, str]:
    """Return the ids of the trace and of the caller's span, nothing for a header that is missing or malformed."""
    found = _TRACEPARENT.fullmatch(traceparent.strip())
    return {"trace_id": found[1], "parent_span_id": found[2]} if found else {}


def register_tracing(app: Flask) -> None:
    """Make `app` log a line for every request that has a trace, and name the trace in whatever else it logs for it."""

    @app.before_request
    def _begin() -> None:
        clear_contextvars()  # the thread has answered others
        if trace := trace_of(request.headers.get("traceparent", "")):
            bind_contextvars(**trace)
            request.environ["tracing.started"] = time.perf_counter()

    @app.after_request
    def _log(response: Response) -> Response:
        if started := request.environ.get("tracing.started"):
            seconds = round(time.perf_counter() - started, 6)
            log.info("request", method=request.method, path=request.path, status=response.status_code, seconds=seconds)
        return response

    @app.teardown_request
    def _end(_error: BaseException | None) -> None:
        clear_contextvars()
