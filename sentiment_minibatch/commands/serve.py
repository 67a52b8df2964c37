"""`serve`: the page and the API."""

from __future__ import annotations

import click

from common.commands import Command

_THREADS = 8  # a browser keeps connections open; one must not hold a whole process


@click.command("serve", cls=Command)
@click.option("--host", envvar="SERVE_HOST", default="127.0.0.1", show_default=True, show_envvar=True)
@click.option("--port", default=8081, show_default=True, type=click.IntRange(1, 65_535))
@click.option("--workers", type=click.IntRange(1), help="processes [default: SENTIMENT_WORKERS or 2]")
def command(host: str, port: int, workers: int | None) -> None:
    """Serve the page and the API."""
    from common.postgres import database_url
    from common.settings import load_settings
    from common.web import serve
    from sentiment_minibatch.serving.app import create_app
    from sentiment_minibatch.settings import PageSettings

    settings = load_settings(PageSettings, workers=workers)
    url = database_url()
    serve(lambda: create_app(url), host, port, settings.workers, worker_class="gthread", threads=_THREADS)
