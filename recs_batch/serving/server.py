"""The service under gunicorn: worker processes, and metrics that survive a worker."""

from __future__ import annotations

import os

from common.web import scratch_directory, serve
from recs_batch.serving.settings import ServeSettings


def run_service(settings: ServeSettings) -> None:
    """Serve until SIGTERM. Raises `ConfigurationError` for an address that cannot be listened on."""
    with scratch_directory("recs-serving-") as scratch:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = scratch  # read by prometheus_client when it is imported
        from prometheus_client import multiprocess  # noqa: PLC0415

        from recs_batch.serving.app import create_app  # noqa: PLC0415 (once here: workers share what it loads)

        serve(
            lambda: create_app(settings),
            settings.host,
            settings.port,
            settings.workers,
            worker_class="gthread",
            threads=settings.threads,
            keepalive=75,  # longer than load balancers keep connections
            graceful_timeout=25,  # Kubernetes kills after 30 seconds
            worker_tmp_dir=scratch,
            control_socket_disable=True,
            child_exit=lambda _server, worker: multiprocess.mark_process_dead(worker.pid),  # type: ignore[no-untyped-call]
        )
