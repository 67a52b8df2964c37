"""What Prometheus reads: the state of the job, asked of the database at every scrape, so any replica tells the same."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Response
from prometheus_client.core import GaugeMetricFamily

from common.metrics import BuildInfo, exposition
from sentiment_minibatch.status import Status

_GAUGES = {
    "lag_seconds": "Seconds since the end of the last aggregated minute",
    "pending_minutes": "Minutes with scores that are not aggregated yet",
    "pending_messages": "Messages that are not aggregated yet",
    "late_minutes_pending": "Minutes that were aggregated and have received late messages since",
    "late_messages_in_last_hour": "Late messages aggregated in the last hour",
    "messages_in_last_hour": "Messages aggregated in the last hour",
    "slowest_minute_seconds": "Longest statement of the last hour",
    "rejected_in_24_hours": "Deliveries rejected in the last 24 hours",
    "files_set_aside": "Files of scores that could not be read",
    "revision": "Aggregations of a minute so far",
}


class _StatusCollector:
    def __init__(self, status: Status) -> None:
        self._status = status

    def collect(self) -> Iterator[GaugeMetricFamily]:
        for name, description in _GAUGES.items():
            value = self._status[name]  # type: ignore[literal-required] # the names are its keys
            if value is not None:
                yield GaugeMetricFamily(f"sentiment_{name}", description, value=float(value))


def answer(status: Status) -> Response:
    """Return a status in Prometheus' text format; what is unknown is left out."""
    return exposition(_StatusCollector(status), BuildInfo("sentiment"))
