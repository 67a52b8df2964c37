"""`prune`: what is old goes."""

from __future__ import annotations

from datetime import timedelta

import click

from common.commands import Command
from sentiment_minibatch.commands.options import database


@click.command("prune", cls=Command)
@click.option("--days", type=click.IntRange(1), help="days kept [default: SENTIMENT_RETENTION_DAYS or 30]")
@click.option("--text-days", type=click.IntRange(1), help="of texts [default: SENTIMENT_TEXT_RETENTION_DAYS or 7]")
def command(days: int | None, text_days: int | None) -> None:
    """Drop raw scores, and messages' texts, older than their retentions; the minutes stay."""
    from common.settings import load_settings
    from sentiment_minibatch.prune import forget_messages, prune
    from sentiment_minibatch.settings import RetentionSettings

    settings = load_settings(RetentionSettings, retention_days=days, text_retention_days=text_days)
    with database() as connection:
        click.echo(prune(connection, timedelta(days=settings.retention_days)))
        texts = forget_messages(connection, timedelta(days=settings.text_retention_days))
        click.echo(f"{texts:,} messages' texts forgotten")
