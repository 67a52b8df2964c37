"""The demo's one command: every product, side by side, then its servers until Ctrl-C."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import click
from rich.console import Console

from common.commands import Command, version_option
from common.errors import ApplicationError
from demo.processes import Processes
from demo.products import PRODUCTS
from demo.stage import Activity, Stage


@click.command("demo", cls=Command, params=[version_option()])
@click.option("--once", is_flag=True, envvar="DEMO_ONCE", help="Print the results and stop. [DEMO_ONCE]")
def main(*, once: bool) -> None:
    """Run the three products on this machine, on embedded defaults, and show what they answer.

    With a terminal the servers then stay up until Ctrl-C; without one, or with --once, the demo ends by itself, with
    exit code 1 if a product failed.
    """
    console, failed = Console(highlight=False), list[str]()
    with ThreadPoolExecutor() as pool, Processes() as processes:
        with console.status("") as status:
            activity = Activity(status)
            stages = [Stage(console, activity, processes) for _ in PRODUCTS]
            running = [pool.submit(product.run, stage) for product, stage in zip(PRODUCTS, stages, strict=True)]
            for product, stage, ran in zip(PRODUCTS, stages, running, strict=True):
                error = ran.exception()
                if error is not None and not isinstance(error, ApplicationError):
                    raise error
                console.rule(f"[bold]{product.name}[/] · {product.question}", align="left")
                console.out(stage.printed, end="")
                if error is not None:
                    failed.append(product.name)
                    console.print("[red]failed:[/]", end=" ")
                    console.print(str(error), markup=False)
                console.print()
        if not failed and not once and sys.stdin.isatty():
            _serve(console, processes)
    if failed:
        raise ApplicationError(f"{', '.join(failed)} failed; see above")


def _serve(console: Console, processes: Processes) -> None:
    console.rule("[bold]open in a browser[/]", align="left")
    for title, address in processes.addresses.items():
        console.print(f"  {title:<24} {address}")
    console.print("\nCtrl-C stops them.")
    try:
        processes.wait()
    except KeyboardInterrupt:
        console.print("\nstopping")
