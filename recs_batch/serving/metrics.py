"""Prometheus metrics that add up over the worker processes."""

from __future__ import annotations

import os
import time
from functools import cache

from flask import Flask, Response, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from recs_batch.serving.publications import Publication

_SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1.0)


class Metrics:
    """The service's metrics; under gunicorn each worker counts into files that a scrape of any worker adds up."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self._requests = Counter("recs_requests", "Requests answered", ("route", "status"), registry=registry)
        self._latency = Histogram(
            "recs_request_seconds", "Whole request", ("route",), buckets=_SECONDS, registry=registry
        )
        self._published = Gauge(
            "recs_publication_published_timestamp_seconds",
            "When the publication that is answered from was published (the oldest of the workers')",
            multiprocess_mode="livemin",
            registry=registry,
        )
        self._store = Gauge(
            "recs_store_readable",
            "1 if the latest publication could be read at the last look (0 if any worker could not)",
            multiprocess_mode="livemin",
            registry=registry,
        )
        self._store.set(1)  # A worker that has not looked yet has not failed to read.
        self._failures = Counter("recs_store_failures", "Looks at the store that failed", registry=registry)
        # Looking a labelled metric up costs more than counting: remember each.
        self._request, self._seconds = cache(self._requests.labels), cache(self._latency.labels)

    def tell(self, publication: Publication | None, readable: bool) -> None:
        """Note how a look at the store ended, and what is answered from."""
        self._store.set(readable)
        self._published.set(publication.published_at.timestamp() if publication else 0)
        if not readable:
            self._failures.inc()

    def watch(self, app: Flask) -> None:
        """Count and time every request of the app, and answer GET /metrics."""

        @app.before_request
        def _start() -> None:
            request.environ["recs.started"] = time.perf_counter()

        @app.after_request
        def _finish(response: Response) -> Response:
            route = request.url_rule.rule if request.url_rule else "none"
            self._request(route, response.status_code).inc()
            self._seconds(route).observe(time.perf_counter() - request.environ["recs.started"])
            return response

        app.add_url_rule("/metrics", "metrics", self._exposition)  # not app.get, which would describe it as API

    def _exposition(self) -> Response:
        return Response(generate_latest(self._all_workers()), content_type=CONTENT_TYPE_LATEST)

    def _all_workers(self) -> CollectorRegistry:
        if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
            return self._registry
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return registry
