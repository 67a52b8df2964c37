"""`serve`: the API and its page."""

from __future__ import annotations

from typing import Any

import click

from common.commands import Command


@click.command("serve", cls=Command)
@click.option("--store", "store_uri", help="Where the publications are, a directory or s3://…. [STORE_URI, var/store]")
@click.option("--host", help="[RECS_SERVE_HOST, 127.0.0.1]")
@click.option("--port", type=int, help="[RECS_SERVE_PORT, 8082]")
@click.option("--workers", type=int, help="Processes. [RECS_SERVE_WORKERS, 2]")
@click.option("--threads", type=int, help="Threads of each. [RECS_SERVE_THREADS, 4]")
@click.option("--poll-seconds", type=float, help="Between looks for a new publication. [RECS_SERVE_POLL_SECONDS, 15]")
@click.option("--max-age-hours", type=float, help="Older is not ready. [RECS_SERVE_MAX_AGE_HOURS, 168]")
@click.option("--cache", help="Where publications of a bucket are copied to. [RECS_SERVE_CACHE, var/recs-serving]")
def command(**options: Any) -> None:
    """Answer over HTTP from the latest publication until SIGTERM."""
    from common.settings import load_settings
    from recs_batch.serving.server import run_service
    from recs_batch.serving.settings import ServeSettings

    if options.get("store_uri"):
        options["STORE_URI"] = options["store_uri"]
    options.pop("store_uri")
    run_service(load_settings(ServeSettings, **options))
