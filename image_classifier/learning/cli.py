"""The commands that close the circle: review, promote, take back."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

FOLDER = click.Path(path_type=Path, file_okay=False)
models_option = click.option("--models", required=True, help="s3://bucket/models or a folder")


@click.command()
@click.option("--feedback", required=True, help="where the service keeps samples: s3://bucket/prefix or a folder")
@click.option("--port", type=click.IntRange(1, 65535), default=8090, show_default=True)
def review(feedback: str, port: int) -> None:
    """Serve the review page on this machine: each kept image is decided by one key, and undone by another."""
    from common.web import serve
    from image_classifier.learning.review import create_review_app

    app = create_review_app(feedback)
    click.echo(f"review at http://127.0.0.1:{port}/ ; end with Ctrl-C")
    serve(lambda: app, "127.0.0.1", port, 1, control_socket_disable=True)


@click.command()
@click.argument("artifact", type=FOLDER)
@models_option
@click.option("--fixed", type=FOLDER, required=True, help="a folder with chart/ and meme/, perhaps neither/, for good")
@click.option("--feedback", help="reviewed samples; those that no training uses are compared on")
def promote(artifact: Path, models: str, fixed: Path, feedback: str | None) -> None:
    """Publish ARTIFACT unless it makes more errors than the one that serves (exit code 65)."""
    from image_classifier.learning.promotion import promote as compare_and_publish

    manifest, compared = compare_and_publish(artifact, models, fixed, feedback)
    table = Table("images", "of them wrong before", "wrong now")
    for name, counts in compared.items():
        if isinstance(counts, dict):
            table.add_row(f"{counts['images']} {name}", str(counts["errors_serving"]), str(counts["errors_candidate"]))
    Console().print(table)
    click.echo(f"{manifest.metadata['version']} is the latest: {manifest.run}")


@click.command()
@models_option
@click.argument("run")
def rollback(models: str, run: str) -> None:
    """Make the earlier publication RUN the latest again."""
    from image_classifier.learning import models as published

    manifest = published.rollback(models, run)
    click.echo(f"{manifest.metadata['version']} is the latest again: {manifest.run}")


@click.command(name="models")
@models_option
def list_models(models: str) -> None:
    """List the published artifacts."""
    from image_classifier.learning.models import latest, published

    current = latest(models)
    table = Table("run", "version", "published", "")
    for manifest in published(models):
        note = "latest" if current is not None and manifest.run == current.run else ""
        when = f"{manifest.published_at:%Y-%m-%d %H:%M}Z"
        table.add_row(manifest.run, str(manifest.metadata["version"]), when, note)
    Console().print(table)


COMMANDS = (review, promote, rollback, list_models)
