"""What the reader tells Kubernetes and Prometheus: whether it lives, whether it reads, how far behind it is."""

from __future__ import annotations

import math
import urllib.request
from collections.abc import Iterator
from urllib.error import HTTPError

import pytest

from sentiment_minibatch.streaming.metrics import Progress, serve_progress


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def progress(clock: Clock) -> Progress:
    return Progress(clock)


def behind(progress: Progress) -> float | None:
    return progress.registry.get_sample_value("sentiment_stream_behind_seconds")


def test_it_is_not_ready_before_it_has_read(progress: Progress) -> None:
    assert progress.why_unready() == "nothing was read yet"
    progress.failed("Kinesis is away")
    assert progress.why_unready() == "nothing was read yet: Kinesis is away"
    progress.read(0)
    assert progress.why_unready() is None


def test_what_is_away_for_long_makes_it_unready_but_not_stuck(progress: Progress, clock: Clock) -> None:
    progress.read(0)
    for _ in range(9):
        clock.now += 3
        progress.failed("Kinesis is away")
    assert progress.why_unready() is None, "less than half a minute is no reason"
    for _ in range(100):
        clock.now += 3
        progress.failed("Kinesis is away")
        assert not progress.is_stuck()
    assert progress.why_unready() == "nothing was read for 327 seconds: Kinesis is away"
    progress.read(0)
    assert progress.why_unready() is None


def test_one_that_does_not_even_try_is_stuck(progress: Progress, clock: Clock) -> None:
    progress.read(0)
    clock.now += 60
    assert not progress.is_stuck()
    clock.now += 1
    assert progress.is_stuck()


def test_what_it_is_behind_grows_while_nothing_is_read(progress: Progress, clock: Clock) -> None:
    clock.now += 40
    assert behind(progress) == 40, "also before the first read"
    progress.read(2.5)
    assert behind(progress) == 2.5
    clock.now += 100
    progress.failed("Kinesis is away")
    assert behind(progress) == 102.5


def test_one_that_waits_for_another_lives_and_raises_no_alarm(progress: Progress, clock: Clock) -> None:
    for _ in range(100):
        clock.now += 3
        progress.waits()
        assert not progress.is_stuck()
    assert progress.why_unready() == "another reader is at it"
    assert math.isnan(behind(progress) or 0)


@pytest.fixture
def address(progress: Progress) -> Iterator[str]:
    server = serve_progress(progress, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_probes_say_what_is_wrong(progress: Progress, clock: Clock, address: str) -> None:
    def ask(path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"{address}{path}") as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            with error:
                return error.code, error.read().decode()

    assert ask("/healthz") == (200, "ok")
    assert ask("/readyz") == (503, "nothing was read yet")
    progress.read(0)
    assert ask("/readyz") == (200, "ok")
    assert "sentiment_stream_behind_seconds 0.0" in ask("/metrics")[1]
    clock.now += 61
    assert ask("/healthz") == (503, "nothing was tried for a minute")
    assert ask("/readyz") == (503, "nothing was read for 61 seconds")
    assert ask("/") == (404, "there are /healthz, /readyz and /metrics")
