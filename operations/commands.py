"""Other people's programs - git, docker or podman, kubectl, cyclonedx - run so that their failure is one clear line."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Container, Mapping, Sequence
from pathlib import Path

from common.errors import ApplicationError, ConfigurationError


class CommandError(ApplicationError):
    """A program ended with an error; `said` is what it wrote about it, the message has its last line."""

    def __init__(self, message: str, said: str) -> None:
        super().__init__(message)
        self.said = said


def run(
    arguments: Sequence[str | Path],
    *,
    show: bool = False,
    stdin: str | None = None,
    environment: Mapping[str, str] | None = None,
    accepted: Container[int] = (0,),
) -> str:
    """Run a program and return what it wrote to standard output; `show` passes its output through instead.

    Raises `ConfigurationError` if it is not installed, `CommandError` if it fails.
    """
    program, *rest = (str(argument) for argument in arguments)
    if shutil.which(program) is None:
        raise ConfigurationError(f"{program} is not installed or not on the PATH")
    pipe = None if show else subprocess.PIPE
    done = subprocess.run(
        [program, *rest], input=stdin, stdout=pipe, stderr=pipe, text=True, env=environment, check=False
    )
    if done.returncode not in accepted:
        said = (done.stderr or done.stdout or "").strip()
        *_, last = said.splitlines() or [f"exit code {done.returncode}"]
        raise CommandError(f"{program} {rest[0]} failed: {last}", said)
    return done.stdout or ""
