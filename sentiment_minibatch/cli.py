"""The command line."""

from __future__ import annotations

import click

from sentiment_minibatch.commands import minutes, scores, serve


@click.group()
def main() -> None:
    """How the community feels about each ticker, minute by minute."""


for command in (
    scores.migrate_command,
    scores.generate_command,
    scores.load_command,
    scores.companies_command,
    minutes.aggregate_command,
    minutes.backfill_command,
    minutes.reconcile_command,
    minutes.status_command,
    minutes.show_command,
    scores.prune_command,
    scores.export_command,
    serve.serve_command,
):
    main.add_command(command)
