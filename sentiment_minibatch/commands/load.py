"""`load`: scores of files."""

from __future__ import annotations

import click

from common.commands import Command
from sentiment_minibatch.commands.options import database, report_set_aside


@click.command("load", cls=Command)
@click.argument("uri", metavar="PATH|URI")
def command(uri: str) -> None:
    """Load scores from a CSV, NDJSON or Parquet file, or from all such files in a directory or under s3://.

    CSV and NDJSON may be compressed (.gz, .zst). A record that cannot be counted is rejected alone; a file that cannot
    be read is set aside, the others load, and the exit code is 65.
    """
    from sentiment_minibatch.files.inputs import files_at
    from sentiment_minibatch.load import LoadReport, load_file

    total, set_aside = LoadReport(), []
    files = files_at(uri)
    with database() as connection:
        for file in files:
            report, fault = load_file(connection, file)
            total.add(report)
            click.echo(f"{file.name}: {report}{f'; set aside: {fault}' if fault else ''}")
            if fault:
                set_aside.append(f"{file.name}: {fault}")
    click.echo(f"in all: {total}")
    report_set_aside(set_aside, len(files))
