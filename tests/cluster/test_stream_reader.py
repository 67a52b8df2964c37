"""The reader of the stream on a real node: its minutes reach the page, and whatever ends or is away, none is lost.

Kinesis is moto in the test's own process, at the address by which the node, and so its pods, know this machine.
"""

from __future__ import annotations

import re
import socket
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from string import Template
from typing import Any
from urllib.error import HTTPError

import boto3
import psycopg
import pytest

from common.postgres import connect
from sentiment_minibatch.commands import options
from tests.aws.outages import AwsWithOutages, aws_with_outages
from tests.cluster.conftest import (
    NAMESPACE,
    asking_the_page,
    forwarded,
    kubectl,
    new_namespace,
    objects,
    until,
    wait_for_rollouts,
)
from tests.cluster.revisions import LOUD, QUIET, Minute, Stream, Totals

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]

READER = "deployment/sentiment-reader"
LONGER_THAN_THE_LIVENESS_PROBE_BEARS = 135.0  # a minute until it fails, and four times 15 seconds
KILL_THE_READER = """
import os, signal
for process in filter(str.isdigit, os.listdir("/proc")):
    if b"follow" in open(f"/proc/{process}/cmdline", "rb").read().split(b"\\0"):
        os.kill(int(process), signal.SIGKILL)
"""
MINUTES = """
SELECT symbol, period_ending, bullish_sum, bearish_sum, squares_sum, bullish_count, bearish_count, neutral_count
FROM sentiment.minute
"""


@pytest.fixture(scope="module")
def kinesis() -> Iterator[AwsWithOutages]:
    with aws_with_outages(_our_address_for_pods()) as aws:
        yield aws


@pytest.fixture(scope="module")
def stream(_moto_server: str) -> Stream:
    """The stream of revisions; it is written to at another address than the reader's, one that is never away."""
    return Stream(boto3.client("kinesis", endpoint_url=_moto_server))


@pytest.fixture(scope="module", autouse=True)
def _deployed(kinesis: AwsWithOutages, stream: Stream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    rendered = Template(kubectl("kustomize", "tests/cluster/stream"))
    manifests = tmp_path_factory.mktemp("stream") / "manifests.yaml"
    manifests.write_text(rendered.substitute(Address=kinesis.host, Port=kinesis.port))
    with new_namespace(NAMESPACE):
        kubectl("apply", "--filename", str(manifests))
        wait_for_rollouts("statefulset/postgres", "deployment/sentiment-page", READER)
        yield


@contextmanager
def the_database() -> Iterator[psycopg.Connection]:
    with (
        forwarded("pod/postgres-0", 5432) as address,
        connect(_address_of_the_database(address), autocommit=True) as connection,
    ):
        yield connection


@pytest.fixture
def database() -> Iterator[psycopg.Connection]:
    with the_database() as connection:
        yield connection


def test_the_minutes_of_both_shards_reach_the_table_and_the_page(stream: Stream, database: psycopg.Connection) -> None:
    assert _restarts() == 0, "it waited for PostgreSQL and its tables"
    stream.write(500)
    stream.write_quietly()
    assert until(lambda: _minutes(database) == stream.minutes)
    with asking_the_page() as page:
        now = page("/api/v1/index")
        assert datetime.fromisoformat(now["as_of"]) == _last_minute(stream, QUIET)
        assert QUIET in [found["symbol"] for found in now["symbols"]]
        ends = _last_minute(stream, LOUD[0])
        points = page(f"/api/v1/index/{LOUD[0]}?to={ends:%Y-%m-%dT%H:%M:%SZ}")["points"]
        assert points[-1]["bullish_count"] == stream.minutes[LOUD[0], ends][3]
    assert _metric("sentiment_stream_behind_seconds") < 10


def test_one_that_is_killed_in_mid_stream_goes_on_where_its_rows_end(
    stream: Stream, database: psycopg.Connection
) -> None:
    with stream.being_written():
        _wait_for_more(stream, database)
        read_before, restarts = stream.records_through(_read_through(database)), _restarts()
        kubectl("exec", READER, "--", "python", "-c", KILL_THE_READER)
        until(lambda: _restarts() == restarts + 1 and _is_ready())
        _wait_for_more(stream, database)
        read_by_the_next = _records_read()
        assert 0 < read_by_the_next <= stream.records_through(_read_through(database)) - read_before

        read_before, pod = stream.records_through(_read_through(database)), _pod()["metadata"]["name"]
        kubectl("delete", "pod", pod, "--grace-period=0", "--force")
        until(lambda: _pod()["metadata"]["name"] != pod and _is_ready())
        _wait_for_more(stream, database)
    stream.write_quietly()
    assert until(lambda: _minutes(database) == stream.minutes)
    assert 0 < _records_read() <= stream.records - read_before, "none was read again"


def test_while_kinesis_is_away_it_is_unready_and_lives_and_then_it_catches_up(
    stream: Stream, database: psycopg.Connection, kinesis: AwsWithOutages
) -> None:
    pod, restarts, started = _pod()["metadata"]["name"], _restarts(), time.monotonic()
    kinesis.go_away()
    try:
        until(lambda: not _is_ready())
        status, reason = _ask("/readyz")
        assert status == 503
        assert "AWS cannot be reached" in reason
        stream.write(500)
        time.sleep(LONGER_THAN_THE_LIVENESS_PROBE_BEARS - (time.monotonic() - started))
        assert _metric("sentiment_stream_behind_seconds") > LONGER_THAN_THE_LIVENESS_PROBE_BEARS - 10
    finally:
        kinesis.come_back()
    until(_is_ready, seconds=30)
    assert (_pod()["metadata"]["name"], _restarts()) == (pod, restarts)
    assert until(lambda: _minutes(database) == stream.minutes)
    assert _metric("sentiment_stream_behind_seconds") < 10


def test_while_postgres_is_killed_and_starts_again_it_waits(stream: Stream) -> None:
    pod, restarts = _pod()["metadata"]["name"], _restarts()
    with stream.being_written():
        killed = _pod("postgres")["metadata"]["uid"]
        kubectl("delete", "pod", "postgres-0", "--grace-period=0", "--force")
        until(lambda: _pod("postgres")["metadata"]["uid"] != killed and _is_ready("postgres"))
        with the_database() as database:
            _wait_for_more(stream, database)
    with the_database() as database:
        assert until(lambda: _minutes(database) == stream.minutes)
    assert "tries again" in kubectl("logs", pod, "--since=120s"), "it noticed"
    assert (_pod()["metadata"]["name"], _restarts()) == (pod, restarts)
    assert until(_is_ready)


def test_the_lock_of_a_reader_whose_node_is_gone_is_free_within_half_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """As far as PostgreSQL's own word goes: no test here takes a node away."""
    with forwarded("pod/postgres-0", 5432) as address:
        monkeypatch.setenv("DATABASE_URL", _address_of_the_database(address))
        with options.database() as connection:
            rows = connection.execute("SELECT name, setting FROM pg_settings WHERE name LIKE 'tcp_keepalives_%'")
            seconds = {name.removeprefix("tcp_keepalives_"): int(setting) for name, setting in rows.fetchall()}
    assert 0 < seconds["idle"] + seconds["interval"] * seconds["count"] <= 30


def _our_address_for_pods() -> str:
    """Return the address of this machine in the network of a node, which pods reach too."""
    addresses = objects("nodes")[0]["status"]["addresses"]
    node = next(found["address"] for found in addresses if found["type"] == "InternalIP")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as towards_it:
        towards_it.connect((node, 9))  # sends nothing
        address: str = towards_it.getsockname()[0]
        return address


def _address_of_the_database(forwarded_to: str) -> str:
    return forwarded_to.replace("http://", "postgresql://sentiment_job@") + "/trader_network"


def _minutes(database: psycopg.Connection) -> dict[Minute, Totals]:
    rows = database.execute(MINUTES).fetchall()
    return {(symbol, ending): totals for symbol, ending, *rest in rows for totals in [tuple(rest)]}


def _last_minute(stream: Stream, symbol: str) -> datetime:
    return max(ending for of, ending in stream.minutes if of == symbol)


def _read_through(database: psycopg.Connection) -> dict[str, int]:
    """Return the last sequence number of each shard that stands in the database with the rows."""
    rows = database.execute("SELECT shard, sequence_number FROM sentiment.stream_shard").fetchall()
    return {shard: int(sequence_number) for shard, sequence_number in rows}


def _wait_for_more(stream: Stream, database: psycopg.Connection, records: int = 500) -> None:
    wanted = stream.records_through(_read_through(database)) + records
    until(lambda: stream.records_through(_read_through(database)) >= wanted)


def _pod(of: str = "sentiment-reader") -> dict[str, Any]:
    """Return the one pod that is not going."""
    pods = objects("pods", f"--selector=app.kubernetes.io/name={of}")
    staying = [found for found in pods if "deletionTimestamp" not in found["metadata"]]
    assert len(staying) == 1, f"{len(staying)} pods of {of} where there should be one"
    return staying[0]


def _is_ready(of: str = "sentiment-reader") -> bool:
    conditions = _pod(of)["status"].get("conditions", [])
    return any(found["type"] == "Ready" and found["status"] == "True" for found in conditions)


def _restarts() -> int:
    return sum(found["restartCount"] for found in _pod()["status"].get("containerStatuses", []))


def _ask(path: str) -> tuple[int, str]:
    """Return the status and the text of an answer of the reader."""
    with forwarded(READER, 8083) as address:
        try:
            with urllib.request.urlopen(f"{address}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            return error.code, error.read().decode()


def _metric(name: str) -> float:
    (value,) = re.findall(rf"^{name} (.+)$", _ask("/metrics")[1], flags=re.MULTILINE)
    return float(value)


def _records_read() -> float:
    """Return how many records this process of the reader has read."""
    return _metric("sentiment_stream_revisions_total") + _metric("sentiment_stream_messages_alone_total")
