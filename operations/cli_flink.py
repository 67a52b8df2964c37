"""The commands about the Flink application: `python -m operations flink <command>`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from common.commands import Command
from common.errors import MissingInputError
from operations.options import enter, named_values, parameters_option, values_option

if TYPE_CHECKING:
    from operations.environment import Environment
    from operations.flink import FlinkApplication


@click.group("flink")
def flink_group() -> None:
    """Start, stop, update and look at the Flink application that the stack `streaming` made."""


@flink_group.command("start", cls=Command)
@values_option
@click.option("--without-state", is_flag=True, help="Read the stream anew, whatever snapshots there are.")
def flink_start_command(values: Path, *, without_state: bool) -> None:
    """Start the application from its latest snapshot and wait until it runs."""
    _flink(enter(values)).start(without_state=without_state)


@flink_group.command("stop", cls=Command)
@values_option
def flink_stop_command(values: Path) -> None:
    """Stop the application with a snapshot of its state."""
    _flink(enter(values)).stop()


@flink_group.command("update", cls=Command)
@values_option
@parameters_option
def flink_update_command(values: Path, parameters: tuple[str, ...]) -> None:
    """Stop the application with a snapshot, deploy `streaming` as `infra-deploy` does, and start from the snapshot.

    Zip files of code are uploaded first: what is built is what then runs.
    """
    from operations import stacks

    environment = enter(values)
    found = stacks.parameters_of(environment, "streaming", named_values(parameters))
    stack = environment.stack("streaming")
    _flink(environment).update(lambda: stacks.deploy(stack, "streaming", found, click.echo))


@flink_group.command("status", cls=Command)
@values_option
def flink_status_command(values: Path) -> None:
    """Say how the application is."""
    for line in _flink(enter(values)).status():
        click.echo(line)


def _flink(environment: Environment) -> FlinkApplication:
    """Return the application that the environment's stack `streaming` made."""
    from operations.flink import FlinkApplication

    name = environment.find("FlinkApplication")
    if name is None:
        raise MissingInputError("there is no Flink application; deploy `streaming` first")
    return FlinkApplication(name, click.echo)
