"""Runs some tests over and over, each time in a process that has imported already all that is not ours.

The runner starts one of these, with pytest's arguments, for the modules that the same tests are about: it writes a line
with a number of seconds, and reads how they ended. What is imported beforehand the first run tells.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import time
import warnings
from contextlib import suppress
from importlib import import_module
from pathlib import Path

import pytest

OURS = (
    "__main__",
    "benchmarks",
    "common",
    "demo",
    "image_classifier",
    "operations",
    "recs_batch",
    "sentiment_minibatch",
    "tests",
)
LOG = Path("build/trial.log")  # what pytest said last
_IMPORTED = Path("build/imported.json")
_MEMORY_BYTES = 8 << 30  # of address space, for a mutant may want any amount


def main() -> None:
    """Answer every line that comes."""
    LOG.parent.mkdir(exist_ok=True)
    known = False
    for line in sys.stdin:
        print(_trial(sys.argv[1:], float(line)), flush=True)
        if not known:
            known = True
            _import_what_was_imported()


def _trial(arguments: list[str], seconds: float) -> str:
    """Run the tests in a process group of their own; what they leave running ends with them."""
    process = os.fork()
    if not process:
        _run(arguments)
    deadline = time.monotonic() + seconds
    status = None
    while status is None and time.monotonic() < deadline:
        time.sleep(0.01)
        ended, found = os.waitpid(process, os.WNOHANG)
        status = os.waitstatus_to_exitcode(found) if ended else None
    with suppress(ProcessLookupError):
        os.killpg(process, signal.SIGKILL)
    if status is None:
        os.waitpid(process, 0)
        return "time is up"
    return "passed" if status == 0 else "failed"


def _run(arguments: list[str]) -> None:
    os.setsid()
    log = os.open(LOG, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(log, stream)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, resource.getrlimit(resource.RLIMIT_AS)[1]))
    # Whatever was imported early cannot have its assertions rewritten: pytest warns of its plugins' own.
    code = pytest.main(
        ["-q", "-x", "-n", "0", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning", *arguments]
    )
    _IMPORTED.write_text(json.dumps(list(sys.modules)))
    sys.exit(code)


def _import_what_was_imported() -> None:
    for name in json.loads(_IMPORTED.read_text()):
        if not name.startswith(OURS):
            with suppress(Exception), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                import_module(name)


if __name__ == "__main__":
    main()
