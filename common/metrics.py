"""What every service tells Prometheus: its requests, added up over the worker processes, and which build it is."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from flask import Flask, Response, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import InfoMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector

from common.version import code_version, version


class RequestMetrics:
    """`<product>_requests_total` by route and status, and `<product>_request_seconds` by route."""

    def __init__(self, product: str, registry: CollectorRegistry, seconds: Sequence[float]) -> None:
        requests = Counter(f"{product}_requests", "Requests answered", ("route", "status"), registry=registry)
        latency = Histogram(
            f"{product}_request_seconds", "Whole request", ("route",), buckets=seconds, registry=registry
        )
        # Looking a labelled metric up costs more than counting: remember each.
        self._request, self._seconds = cache(requests.labels), cache(latency.labels)

    def count(self, route: str, status: int, seconds: float) -> None:
        """Count and time a whole request."""
        self._request(route, status).inc()
        self._seconds(route).observe(seconds)

    def watch(self, app: Flask) -> None:
        """Count and time every request of the app."""

        @app.before_request
        def _start() -> None:
            request.environ["metrics.started"] = time.perf_counter()

        @app.after_request
        def _finish(response: Response) -> Response:
            route = request.url_rule.rule if request.url_rule else "none"
            started = request.environ.get("metrics.started", time.perf_counter())
            self.count(route, response.status_code, time.perf_counter() - started)
            return response


class BuildInfo:
    """`<product>_build_info`: the release and the commit that answer."""

    def __init__(self, product: str) -> None:
        self._product = product

    def collect(self) -> Iterator[Metric]:
        """Yield the one metric."""
        build = {"version": version(), "revision": code_version()}
        yield InfoMetricFamily(f"{self._product}_build", "The build that answers", value=build)


def of_all_workers(registry: CollectorRegistry) -> Any:
    """Return a registry's metrics; under gunicorn those of all workers, who count into files, added up."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        return MultiProcessCollector(None)  # type: ignore[no-untyped-call]
    return registry


def exposition(*collectors: Any) -> Response:
    """Return an answer in Prometheus' text format."""
    registry = CollectorRegistry()
    for collector in collectors:
        registry.register(collector)
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
