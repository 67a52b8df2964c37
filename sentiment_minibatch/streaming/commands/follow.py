"""`follow`: revisions into the database."""

from __future__ import annotations

import signal
from datetime import timedelta
from threading import Event

import click

from common.commands import Command
from sentiment_minibatch.commands.options import database


@click.command("follow", cls=Command)
@click.option("--stream", default="sentiment-revisions", show_default=True, envvar="REVISION_STREAM", show_envvar=True)
@click.option("--host", envvar="SERVE_HOST", default="127.0.0.1", show_default=True, show_envvar=True)
@click.option("--port", default=8083, show_default=True, help="of /healthz and /metrics")
@click.option("--retention-days", type=click.IntRange(1), help="[default: SENTIMENT_RETENTION_DAYS or 30]")
def command(*, stream: str, host: str, port: int, retention_days: int | None) -> None:
    """Bring the database's minutes up to date with the stream of revisions, until stopped.

    It goes on where it stopped, and waits for a stream or a database that is away. Of several that run, one reads and
    the others wait.
    """
    import boto3
    from botocore.config import Config

    from common.settings import load_settings
    from sentiment_minibatch.settings import RetentionSettings
    from sentiment_minibatch.streaming.follow import Follower
    from sentiment_minibatch.streaming.metrics import Progress, serve_progress

    retention = timedelta(days=load_settings(RetentionSettings, retention_days=retention_days).retention_days)
    # A stream that does not answer must show as away before /healthz calls the reader stuck.
    waits = Config(connect_timeout=5, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 3})
    client = boto3.client("kinesis", config=waits)
    stopped = Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    progress = Progress()
    server = serve_progress(progress, host, port)
    try:
        Follower(client, stream, database, progress, retention, stopped).run()
    finally:
        server.shutdown()
