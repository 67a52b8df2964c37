"""`predict`: image files on this machine."""

from __future__ import annotations

import json
from pathlib import Path

import click

from common.commands import Command
from common.errors import ApplicationError
from image_classifier.commands.options import artifact_option


@click.command("predict", cls=Command)
@click.argument("images", nargs=-1, required=True, type=click.Path(path_type=Path))
@artifact_option
@click.option("--json", "as_json", is_flag=True, help="print one JSON object a line instead of a table")
def command(images: tuple[Path, ...], artifact: Path, as_json: bool) -> None:
    """Classify image files; exit code 66 if one is missing, 65 if one is no image (the others are answered)."""
    from rich.console import Console
    from rich.table import Column, Table

    from image_classifier.artifact import load_artifact
    from image_classifier.predict import as_object, as_row, predict_files

    table = Table(Column("image", overflow="fold"), "class", "probability", "note")
    codes = {0}
    for path, answer in predict_files(images, load_artifact(artifact)):
        if isinstance(answer, ApplicationError):
            codes.add(answer.exit_code)
        if as_json:
            click.echo(json.dumps(as_object(path, answer)))
        else:
            table.add_row(*as_row(path, answer))
    if not as_json:
        Console().print(table)
    raise SystemExit(max(codes))
