"""The command line."""

from __future__ import annotations

import click

from sentiment_minibatch.commands import minutes, scores, scoring, serve


@click.group()
def main() -> None:
    """How the community feels about each ticker, minute by minute."""


for command in (
    scores.create_roles_command,
    scores.migrate_command,
    scores.generate_command,
    scores.load_command,
    scoring.score_command,
    scoring.load_messages_command,
    scoring.score_messages_command,
    scoring.rescore_command,
    scoring.explain_score_command,
    scores.companies_command,
    minutes.aggregate_command,
    minutes.backfill_command,
    minutes.reconcile_command,
    minutes.status_command,
    minutes.show_command,
    scores.prune_command,
    scores.export_command,
    serve.serve_command,
    scoring.train_scorer_command,
    scoring.evaluate_scorer_command,
):
    main.add_command(command)
