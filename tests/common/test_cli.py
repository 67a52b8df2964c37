"""Commands run as processes, as a person or a scheduler runs them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap

import pytest

PROGRAM = """
import atexit, os, signal, time
import boto3, click
from common import cli, errors, storage
from common.commands import Command
from common.logs import get_logger

@click.command(cls=Command)
@click.option("--how", default="well")
def command(how: str) -> None:
    get_logger("example").info("started", how=how)
    match how:
        case "well": click.echo("result")
        case "much":
            for _ in range(100_000): click.echo("a line")
        case "defect": raise ZeroDivisionError("a bug")
        case "interrupted": raise KeyboardInterrupt
        case "terminated":
            atexit.register(print, "closed")
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(60)
        case "exit": raise click.exceptions.Exit(9)
        case "aws": boto3.client("kinesis").describe_stream_summary(StreamName="nope")
        case "storage": storage.open_store("missing-directory").get("key")
        case _: raise getattr(errors, how)("what was wrong, and what to do")

cli.run(command)
"""


def _run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(PROGRAM), *arguments],
        capture_output=True,
        text=True,
        env=os.environ | environment,
        check=False,
    )


def test_results_go_to_standard_output_and_logs_to_standard_error() -> None:
    done = _run()
    assert (done.returncode, done.stdout) == (0, "result\n")
    assert json.loads(done.stderr) | {"timestamp": ""} == {
        "event": "started",
        "how": "well",
        "level": "info",
        "logger": "example",
        "timestamp": "",
    }


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("DataError", 65),
        ("MissingInputError", 66),
        ("ApplicationError", 70),
        ("UnavailableError", 75),
        ("ConfigurationError", 78),
    ],
)
def test_an_expected_error_is_one_line_and_its_own_exit_code(error: str, code: int) -> None:
    done = _run("--how", error, LOG_LEVEL="WARNING")
    assert done.returncode == code
    assert done.stderr == "error: what was wrong, and what to do\n"
    assert done.stdout == ""


def test_a_storage_error_is_one_line_with_the_uri() -> None:
    done = _run("--how", "storage", LOG_LEVEL="WARNING")
    assert done.returncode == 66
    assert done.stderr.startswith("error: file:///")
    assert done.stderr.endswith("/missing-directory/key: no such file\n")


def test_what_aws_refuses_is_one_line_with_its_words(aws: str) -> None:
    done = _run("--how", "aws", LOG_LEVEL="WARNING")
    assert done.returncode == 66
    assert done.stderr == (
        "error: AWS refused DescribeStreamSummary: Stream nope under account 123456789012 not found.\n"
    )


def test_an_aws_that_is_away_may_be_tried_again() -> None:
    away = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_MAX_ATTEMPTS": "1"}
    done = _run("--how", "aws", LOG_LEVEL="WARNING", **away)
    assert done.returncode == 75
    assert done.stderr.startswith("error: AWS cannot be reached: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("region", "code", "told"),
    [
        ({}, 78, "error: no AWS region is set; set AWS_REGION\n"),
        ({"AWS_REGION": "eu-central-1"}, 66, "not found.\n"),
        ({"AWS_REGION": "eu-central-1", "AWS_DEFAULT_REGION": "no-such-region-9"}, 66, "not found.\n"),
    ],
)
def test_the_region_is_aws_region(aws: str, region: dict[str, str], code: int, told: str) -> None:
    without = {name: value for name, value in os.environ.items() if "REGION" not in name}
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(PROGRAM), "--how", "aws"],
        capture_output=True,
        text=True,
        env={**without, "LOG_LEVEL": "WARNING", **region},
    )
    assert done.returncode == code, done.stderr
    assert done.stderr.endswith(told)


def test_a_defect_keeps_its_traceback() -> None:
    done = _run("--how", "defect")
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert "ZeroDivisionError: a bug" in done.stderr


def test_wrong_usage_is_explained() -> None:
    done = _run("--hwo", "well")
    assert done.returncode == 2
    assert "No such option" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("how", "code"), [("interrupted", 130), ("exit", 9)])
def test_an_interruption_or_an_exit_keeps_its_code(how: str, code: int) -> None:
    done = _run("--how", how)
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.endswith("interrupted\n") == (how == "interrupted")
    assert "Traceback" not in done.stderr


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    command = [sys.executable, "-c", textwrap.dedent(PROGRAM), "--how", "much"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout
        assert running.stderr
        assert running.stdout.readline() == "a line\n"
        running.stdout.close()
        said = running.stderr.read()
    assert (running.returncode, "Traceback" in said) == (0, False)


def test_sigterm_closes_what_was_opened() -> None:
    done = _run("--how", "terminated")
    assert (done.returncode, done.stdout) == (143, "closed\n")


def test_a_wrong_log_setting_is_one_line_too() -> None:
    done = _run(LOG_LEVEL="LOUD")
    assert done.returncode == 78
    assert done.stderr.startswith("error: LOG_LEVEL is 'LOUD': ")
    assert done.stderr.count("\n") == 1


def test_on_a_terminal_or_by_request_logs_are_readable() -> None:
    done = _run(LOG_FORMAT="console")
    assert "started" in done.stderr
    assert not done.stderr.startswith("{")
