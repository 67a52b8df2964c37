"""`serve`: the API and its page."""

from __future__ import annotations

from typing import Any

import click

from common.commands import Command


@click.command("serve", cls=Command)
@click.option("--host", help="SERVE_HOST [default: 127.0.0.1]")
@click.option("--port", type=int, help="SERVE_PORT [default: 8080]")
@click.option("--workers", type=int, help="SERVE_WORKERS [default: 2]")
@click.option(
    "--artifact",
    help="SERVE_ARTIFACT: a folder, or s3://bucket/models to follow what is published there "
    "[default: /opt/ml/model if there is one, else the one that ships]",
)
def command(**options: Any) -> None:
    """Answer over HTTP until SIGTERM; each option is also an environment variable."""
    from common.settings import load_settings
    from image_classifier.serving.server import run_service
    from image_classifier.serving.settings import ServiceSettings

    run_service(load_settings(ServiceSettings, **options))
