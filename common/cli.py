"""The one way a command line starts and ends here: expected errors become one line and an exit code."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from types import FrameType

import click

from common.aws import errors_of_aws
from common.commands import Command, Process
from common.errors import ApplicationError


def run(command: Command | click.Group, arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit: 0 on success, 2 on wrong usage, an `ApplicationError`'s own code, 130 on Ctrl-C.

    SIGTERM ends it with 143, and what it opened is closed. Expected errors, AWS's own among them, become one line on
    standard error; anything else keeps its traceback, for it is a defect.
    """
    signal.signal(signal.SIGTERM, _terminate)
    try:
        with errors_of_aws():
            status = command.main(args=arguments, standalone_mode=False, obj=Process())
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        sys.exit(130)
    except ApplicationError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)
    sys.exit(status if isinstance(status, int) else 0)


def _terminate(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(143)
