"""Commands of recs_batch, run in this process as `python -m recs_batch` runs them."""

import io
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass

import pytest

from common.cli import run
from recs_batch.cli import main

DATE = "2026-10-31"


@dataclass
class Done:
    returncode: int
    stdout: str
    stderr: str


def recs_batch(*arguments):
    """Run a command, whatever its exit code."""
    out, errors = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(errors), pytest.raises(SystemExit) as end:
        run(main, [str(argument) for argument in arguments])
    return Done(end.value.code, out.getvalue(), errors.getvalue())


def succeed(*arguments):
    done = recs_batch(*arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def refused(done, code, *words):
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    line = done.stderr.splitlines()[-1]
    assert line.startswith("error: ")
    for word in words:
        assert word in line
