"""`demo`: the whole pipeline here."""

from __future__ import annotations

import click

from common.commands import Command


@click.command("demo", cls=Command)
@click.option("--minutes", type=click.FloatRange(min=0), envvar="STREAM_DEMO_MINUTES", help="[default: until Ctrl-C]")
@click.option("--rate", default=50.0, show_default=True, type=click.FloatRange(min=0.1), help="messages a second")
@click.option("--symbols", default=100, show_default=True, type=click.IntRange(1))
@click.option("--port", default=8082, show_default=True, help="of the page")
def command(*, minutes: float | None, rate: float, symbols: int, port: int) -> None:
    """Run the whole pipeline on this machine, live."""
    from rich.console import Console

    from sentiment_minibatch.streaming.demo import run_demo

    run_demo(Console(), minutes=minutes, rate=rate, symbols=symbols, port=port)
