"""Prometheus metrics that add up over the worker processes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from flask import Flask, Response
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric

from common.metrics import BuildInfo, RequestMetrics, exposition, of_all_workers
from image_classifier.classifier import Answer
from image_classifier.preprocessing import Pixels
from image_classifier.statistics import bin_of, image_statistics, population_stability_index

_SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
_PROBABILITIES = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999, 1.0)


class Metrics:
    """The service's metrics; under gunicorn each worker counts into files that a scrape of any worker adds up."""

    def __init__(self, reference: dict[str, dict[str, list[float]]]) -> None:
        self._reference = reference
        self._registry = CollectorRegistry()
        self._requests = RequestMetrics("image_classifier", self._registry, _SECONDS)
        self._stages = Histogram(
            "image_classifier_stage_seconds", "One stage", ("stage",), buckets=_SECONDS, registry=self._registry
        )
        self._answers = Counter(
            "image_classifier_answers", "Images answered", ("label", "confident"), registry=self._registry
        )
        self._probability = Histogram(
            "image_classifier_probability",
            "Probability of the answered class",
            buckets=_PROBABILITIES,
            registry=self._registry,
        )
        self._statistics = Counter(
            "image_classifier_statistic",
            "Images by bin of a statistic (bins hold equal shares of the training images)",
            ("statistic", "bin"),
            registry=self._registry,
        )
        # Looking a labelled metric up costs more than counting: remember each.
        self._stage_seconds, self._answer = cache(self._stages.labels), cache(self._answers.labels)
        self._statistic = cache(self._statistics.labels)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time one stage of an answer."""
        started = time.perf_counter()
        yield
        self._stage_seconds(name).observe(time.perf_counter() - started)

    def count_request(self, route: str, status: int, seconds: float) -> None:
        """Count and time a whole request."""
        self._requests.count(route, status, seconds)

    def count_answer(self, answer: Answer, pixels: Pixels) -> None:
        """Count an answer and the statistics of its image."""
        self._answer(answer.label, str(answer.confident).lower()).inc()
        self._probability.observe(answer.probability)
        for name, value in image_statistics(pixels).items():
            if name in self._reference:
                self._statistic(name, bin_of(value, self._reference[name]["edges"])).inc()

    def watch(self, app: Flask) -> None:
        """Count and time every request of the app, and answer GET /metrics."""
        self._requests.watch(app)

        @app.get("/metrics")
        def metrics() -> Response:
            counted = _WithDrift(of_all_workers(self._registry), self._reference)
            return exposition(counted, BuildInfo("image_classifier"))


class _WithDrift:
    """Yields what another collector has, and the drift that follows from its counts."""

    def __init__(self, counted: Any, reference: dict[str, dict[str, list[float]]]) -> None:
        self._counted, self._reference = counted, reference

    def collect(self) -> Iterator[Metric]:
        drift = GaugeMetricFamily(
            "image_classifier_drift_psi", "PSI of a statistic since the start against training", labels=["statistic"]
        )
        counts = {name: [0.0] * len(histogram["shares"]) for name, histogram in self._reference.items()}
        for metric in self._counted.collect():
            for sample in metric.samples:
                if sample.name == "image_classifier_statistic_total":
                    counts[sample.labels["statistic"]][int(sample.labels["bin"])] += sample.value
            yield metric
        for name, histogram in self._reference.items():
            drift.add_metric([name], population_stability_index(histogram["shares"], counts[name]))
        yield drift
