"""The demo's one command: every product in turn, then its servers until Ctrl-C."""

from __future__ import annotations

import sys

import click
from rich.console import Console

from common.commands import Command, version_option
from common.errors import ApplicationError
from demo.processes import Servers
from demo.products import PRODUCTS


@click.command("demo", cls=Command, params=[version_option()])
@click.option("--once", is_flag=True, envvar="DEMO_ONCE", help="Print the results and stop. [DEMO_ONCE]")
def main(*, once: bool) -> None:
    """Run the three products on this machine, on embedded defaults, and show what they answer.

    With a terminal the servers then stay up until Ctrl-C; without one, or with --once, the demo ends by itself, with
    exit code 1 if a product failed.
    """
    console = Console(highlight=False)
    failed: list[str] = []
    with Servers() as servers:
        for product in PRODUCTS:
            console.rule(f"[bold]{product.name}[/] · {product.question}", align="left")
            try:
                product.run(console, servers)
            except ApplicationError as error:
                failed.append(product.name)
                console.print(f"[red]failed:[/] {error}", markup=True)
            console.print()
        if not failed and not once and sys.stdin.isatty():
            _serve(console, servers)
    if failed:
        raise ApplicationError(f"{', '.join(failed)} failed; see above")


def _serve(console: Console, servers: Servers) -> None:
    console.rule("[bold]open in a browser[/]", align="left")
    for title, address in servers.addresses.items():
        console.print(f"  {title:<24} {address}")
    console.print("\nCtrl-C stops them.")
    try:
        servers.wait()
    except KeyboardInterrupt:
        console.print("\nstopping")
