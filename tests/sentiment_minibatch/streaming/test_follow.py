"""`follow` as a process: it goes on whatever is away for a while, and whoever else reads."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.error import HTTPError

import psycopg
import pytest

from common.postgres import connect
from sentiment_minibatch.schema import migrate
from tests.aws.outages import AwsWithOutages, aws_with_outages
from tests.sentiment_minibatch.processes import wait_until
from tests.sentiment_minibatch.streaming.test_revisions import revision


class Reader:
    """A process of `follow`, and what it says of itself."""

    def __init__(self, url: str, stream: str, endpoint: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self._address = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "sentiment_minibatch.streaming", "follow", "--stream", stream]
        settings = {"DATABASE_URL": url, "AWS_ENDPOINT_URL": endpoint}
        self.process = subprocess.Popen(
            [*command, "--port", str(port)], env={**os.environ, **settings}, stderr=subprocess.PIPE, text=True
        )

    def ask(self, path: str) -> tuple[int, str]:
        """Return the status and the text of an answer; 0 while the process does not answer."""
        assert self.process.poll() is None, f"it has ended: {self.process.communicate()[1]}"
        try:
            with urllib.request.urlopen(f"{self._address}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def is_ready(self) -> bool:
        return self.ask("/readyz")[0] == 200

    def says(self, path: str, words: str) -> bool:
        return words in self.ask(path)[1]

    def end(self) -> int:
        """Tell it to stop and return its exit code; one that does not within ten seconds fails the test."""
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=10)
        return self.process.returncode


@contextmanager
def following(url: str, stream: str, endpoint: str) -> Iterator[Reader]:
    reader = Reader(url, stream, endpoint)
    try:
        yield reader
    finally:
        reader.process.kill()
        reader.process.communicate()


@pytest.fixture
def away(aws: str) -> Iterator[AwsWithOutages]:
    with aws_with_outages() as another:
        yield another


def put(kinesis: Any, stream: str, *numbers: int) -> None:
    """Put revisions of this minute, of as many symbols; which of the two shards has one the symbol says."""
    lately = f"{datetime.now(UTC):%Y-%m-%dT%H:%M}:00Z"  # what is old would be forgotten
    records = [
        {
            "Data": json.dumps(revision(number, symbol=f"S{number}", period_ending=lately)).encode(),
            "PartitionKey": f"S{number}",
        }
        for number in numbers
    ]
    assert kinesis.put_records(StreamName=stream, Records=records)["FailedRecordCount"] == 0


def minutes(connection: psycopg.Connection) -> int:
    rows = connection.execute("SELECT count(*) FROM sentiment.stream_minute").fetchall()
    return int(rows[0][0])


def test_kinesis_may_be_away_when_it_starts_and_later(
    url: str, connection: psycopg.Connection, kinesis: Any, stream: str, away: AwsWithOutages
) -> None:
    away.go_away()
    with following(url, stream, away.endpoint) as reader:
        wait_until(lambda: reader.says("/readyz", "nothing was read yet: AWS cannot be reached"))
        assert reader.ask("/healthz")[0] == 200
        put(kinesis, stream, *range(10))
        away.come_back()
        wait_until(reader.is_ready)
        wait_until(lambda: minutes(connection) == 10)

        away.go_away()
        wait_until(lambda: _behind(reader) > 8)  # longer than all the attempts of one read take
        put(kinesis, stream, *range(10, 20))
        away.come_back()
        wait_until(lambda: minutes(connection) == 20)
        assert "sentiment_stream_revisions_total 20.0" in reader.ask("/metrics")[1], "none was read again"
        assert reader.end() == 0


def test_the_database_may_end_its_connection(
    url: str, connection: psycopg.Connection, kinesis: Any, stream: str, aws: str
) -> None:
    with following(url, stream, aws) as reader:
        for round_ in range(3):
            wait_until(reader.is_ready)
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            put(kinesis, stream, *range(10 * round_, 10 * round_ + 10))
            wait_until(lambda wanted=10 * round_ + 10: minutes(connection) == wanted)
        assert reader.end() == 0


def test_a_stream_that_is_not_there_yet_is_waited_for(
    url: str, connection: psycopg.Connection, kinesis: Any, stream: str, aws: str
) -> None:
    later = f"{stream}-later"
    with following(url, later, aws) as reader:
        wait_until(lambda: reader.says("/readyz", later))
        kinesis.create_stream(StreamName=later, ShardCount=2)
        put(kinesis, later, 1)
        wait_until(lambda: minutes(connection) == 1)


def test_a_database_without_its_tables_is_waited_for(database_url: str, kinesis: Any, stream: str, aws: str) -> None:
    put(kinesis, stream, 1)
    with following(database_url, stream, aws) as reader, connect(database_url, autocommit=True) as connection:
        wait_until(lambda: reader.says("/readyz", "the database lacks 0001"))
        migrate(connection)
        wait_until(reader.is_ready)
        assert minutes(connection) == 1


def test_a_wrong_setting_ends_it(url: str, stream: str, aws: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with following(url, stream, aws) as reader:
        assert reader.process.wait(60) == 78


def test_of_two_one_waits_unready_and_alive_and_takes_over(
    url: str, connection: psycopg.Connection, kinesis: Any, stream: str, aws: str
) -> None:
    with following(url, stream, aws) as first:
        wait_until(first.is_ready)
        with following(url, stream, aws) as second, following(url, stream, aws) as third:
            for waiting in (second, third):
                wait_until(lambda waiting=waiting: waiting.says("/readyz", "another reader is at it"))
                assert waiting.ask("/healthz")[0] == 200
            assert third.end() == 0, "one that waits can be told to stop"
            put(kinesis, stream, *range(10))
            wait_until(lambda: minutes(connection) == 10)
            first.process.kill()
            put(kinesis, stream, *range(10, 20))
            wait_until(lambda: minutes(connection) == 20)
            assert "sentiment_stream_revisions_total 10.0" in second.ask("/metrics")[1], (
                "it goes on where the first was"
            )


def _behind(reader: Reader) -> float:
    line = next(line for line in reader.ask("/metrics")[1].splitlines() if line.startswith("sentiment_stream_behind_"))
    return float(line.split()[1])
