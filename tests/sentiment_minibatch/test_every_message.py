"""SIGKILL at every message that a command sends to the database: before it arrives, and before its answer does."""

import itertools
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from sentiment_minibatch.deliveries import FIELDS
from sentiment_minibatch.files.output import write_to
from sentiment_minibatch.generator import StreamSettings, deliveries
from sentiment_minibatch.load import load
from sentiment_minibatch.scores import Delivery
from tests.sentiment_minibatch.gateway import Death, run_until
from tests.sentiment_minibatch.oracle import START, delivery, expected_minutes, minutes_of, recomputed, run_job
from tests.sentiment_minibatch.processes import others_are_gone, wait_until


@pytest.mark.slow
@pytest.mark.parametrize("delivered", [False, True], ids=["before it arrives", "before its answer arrives"])
def test_a_job_may_die_at_any_message(url: str, connection: psycopg.Connection, delivered: bool) -> None:
    everything: list[Delivery] = []
    for message in itertools.count(1):
        # A new minute and a late one; and one that this round alone changes, so that no other round makes up for it.
        times = [START + timedelta(hours=message), START + timedelta(minutes=message), START]
        fresh = [delivery(10 * message + n, "A", "0.5", at) for n, at in enumerate(times)]
        load(connection, fresh, "test")
        everything += fresh
        died = run_until(Death(message, delivered), url, ["aggregate"])
        wait_until(lambda: others_are_gone(connection))
        run_job(connection)
        assert minutes_of(connection) == recomputed(connection) == expected_minutes(everything)
        if not died:
            break
    assert message > 20


@pytest.mark.slow
@pytest.mark.parametrize("delivered", [False, True], ids=["before it arrives", "before its answer arrives"])
def test_a_load_may_die_at_any_message_and_be_run_again(
    url: str, connection: psycopg.Connection, tmp_path: Path, delivered: bool
) -> None:
    stream = StreamSettings(messages=40, minutes=3, symbols=5, duplicate_share=0.2, conflict_share=0.2)
    file = tmp_path / "scores.ndjson"
    everything: list[Delivery] = []
    for message in itertools.count(1):
        fresh = [
            each._replace(message_id=f"{message}{each.message_id}") for each in deliveries(stream) if each.message_id
        ]
        write_to(str(file), fresh, FIELDS)
        died = run_until(Death(message, delivered), url, ["load", str(file)])
        wait_until(lambda: others_are_gone(connection))
        run_job(connection)
        assert minutes_of(connection) == recomputed(connection)
        load(connection, fresh, file.name)
        everything += fresh
        run_job(connection)
        assert minutes_of(connection) == recomputed(connection) == expected_minutes(everything)
        if not died:
            break
    assert message > 15
