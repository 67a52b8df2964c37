"""`review`: what people decide about kept images."""

from __future__ import annotations

import click

from common.commands import Command


@click.command("review", cls=Command)
@click.option("--feedback", required=True, help="where the service keeps samples: s3://bucket/prefix or a folder")
@click.option("--port", type=click.IntRange(1, 65535), default=8090, show_default=True)
def command(feedback: str, port: int) -> None:
    """Serve the review page on this machine: each kept image is decided by one key, and undone by another."""
    from common.web import serve
    from image_classifier.learning.review import create_review_app

    app = create_review_app(feedback)
    click.echo(f"review at http://127.0.0.1:{port}/ ; end with Ctrl-C")
    serve(lambda: app, "127.0.0.1", port, 1, control_socket_disable=True)
