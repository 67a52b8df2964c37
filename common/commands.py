"""Commands that import what they need when they are chosen, so that every other one, and every --help, stays quick."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Any

import click

from common.aws import share_region
from common.version import code_version, version


class Process:
    """The process that a command is run by: its own, unless a test calls it."""

    def prepare(self) -> None:
        """Set up logs, and the region for boto3."""
        from common.logs import configure_logs  # noqa: PLC0415 (structlog and pydantic take long to load)

        share_region()
        configure_logs()


class Command(click.Command):
    """A command whose process is prepared once it runs: not before, for what that takes would slow its --help."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; it has done what was wanted if whoever reads its output stops."""
        if process := ctx.find_object(Process):
            process.prepare()
        try:
            return super().invoke(ctx)
        except BrokenPipeError:  # the reader of our output left, as `... | head` does: to click that is a failure
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0


class Commands(click.Group):
    """The commands of `python -m name`, each of them `command` in a module of its name in the package `name.commands`.

    `summaries` has what --help lists of each. Commands that share a module stand in `together`, by its name; there
    they are `commands`, by theirs.
    """

    def __init__(
        self,
        name: str,
        summaries: Mapping[str, str],
        *,
        about: str,
        together: Mapping[str, Iterable[str]] | None = None,
    ) -> None:
        listed = {command: click.Command(command, short_help=summary) for command, summary in summaries.items()}
        super().__init__(name, listed, help=about, params=[version_option()])
        self._package = f"{name}.commands"
        self._homes = {command: module for module, commands in (together or {}).items() for command in commands}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return their names, in the order in which a person meets them."""
        return list(self.commands)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command's module and return the command; None if there is none of the name."""
        if cmd_name not in self.commands:
            return None
        if home := self._homes.get(cmd_name):
            shared: click.Command = import_module(f"{self._package}.{home}").commands[cmd_name]
            return shared
        found: click.Command = import_module(f"{self._package}.{cmd_name.replace('-', '_')}").command
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands by their summaries, without importing one."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, listed.short_help or "") for name, listed in self.commands.items()])


def version_option() -> click.Option:
    """Return the option --version: the release, and the commit."""

    def show(ctx: click.Context, _option: click.Parameter, asked: bool) -> None:
        if asked and not ctx.resilient_parsing:
            click.echo(f"{ctx.command.name} {version()} ({code_version()})")
            ctx.exit()

    return click.Option(
        ["--version"], is_flag=True, expose_value=False, is_eager=True, callback=show, help="Show the version and exit."
    )
