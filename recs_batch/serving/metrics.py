"""Prometheus metrics that add up over the worker processes."""

from __future__ import annotations

from flask import Flask, Response
from prometheus_client import CollectorRegistry, Counter, Gauge

from common.metrics import BuildInfo, RequestMetrics, exposition, of_all_workers
from recs_batch.serving.publications import Publication

_SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1.0)


class Metrics:
    """The service's metrics; under gunicorn each worker counts into files that a scrape of any worker adds up."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self._requests = RequestMetrics("recs", registry, _SECONDS)
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

    def tell(self, publication: Publication | None, readable: bool) -> None:
        """Note how a look at the store ended, and what is answered from."""
        self._store.set(readable)
        self._published.set(publication.published_at.timestamp() if publication else 0)
        if not readable:
            self._failures.inc()

    def watch(self, app: Flask) -> None:
        """Count and time every request of the app, and answer GET /metrics."""
        self._requests.watch(app)
        app.add_url_rule("/metrics", "metrics", self._exposition)  # not app.get, which would describe it as API

    def _exposition(self) -> Response:
        return exposition(of_all_workers(self._registry), BuildInfo("recs"))
