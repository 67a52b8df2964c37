import random
import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.postgres import connect
from sentiment_minibatch.backfill import backfill_minutes
from sentiment_minibatch.deliveries import tables_of
from sentiment_minibatch.load import load, load_tables
from sentiment_minibatch.prune import prune
from sentiment_minibatch.reconcile import reconcile
from sentiment_minibatch.scores import Delivery
from tests.sentiment_minibatch.oracle import START, delivery, expected_minutes, minutes_of, recomputed, run_job

GOOD = Delivery("1", "$aapl", "0.5", "2026-01-05T14:30:10Z")


def test_a_message_counts_once_however_often_it_is_delivered(connection: psycopg.Connection) -> None:
    first = load(connection, [GOOD, GOOD, GOOD._replace(symbol="AAPL ")], "a")
    again = load(connection, [GOOD], "b")
    assert (first.counted, first.repeated, again.counted, again.repeated) == (1, 2, 0, 1)


def test_one_message_about_two_tickers_counts_for_both(connection: psycopg.Connection) -> None:
    assert load(connection, [GOOD, GOOD._replace(symbol="TSLA")], "a").counted == 2


def test_rejected_rows_are_kept_with_reason_and_place_and_only_once(connection: psycopg.Connection) -> None:
    future = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    bad = [GOOD._replace(score="9"), GOOD, GOOD._replace(symbol=""), GOOD._replace(created_at=future)]
    for _ in range(2):
        assert load(connection, bad, "file.csv").rejected == 3
    rows = connection.execute(
        "SELECT source, position, reason FROM sentiment.rejected_score ORDER BY position"
    ).fetchall()
    assert rows == [
        ("file.csv", 1, "score is not a number in [-1, 1]"),
        ("file.csv", 3, "symbol is missing"),
        ("file.csv", 4, "created_at lies in the future"),
    ]


def test_batches_in_one_transaction_of_the_callers_count_once_each(url: str, connection: psycopg.Connection) -> None:
    first, second = [delivery(n, "A", "0.5", START) for n in (1, 2)], [delivery(3, "A", "0.5", START)]
    with connect(url) as transaction:
        report = load_tables(transaction, [*tables_of(first), *tables_of(second)], "two batches")
    assert (report.delivered, report.counted) == (3, 3)
    run_job(connection)
    assert minutes_of(connection) == expected_minutes(first + second)


def test_a_place_is_counted_through_all_batches(connection: psycopg.Connection) -> None:
    load(connection, [*[GOOD] * 60_000, GOOD._replace(score="9")], "two batches")
    assert connection.execute("SELECT position FROM sentiment.rejected_score").fetchall() == [(60_001,)]


def test_a_batch_of_thousands_of_days_loads_and_may_be_moved_and_pruned(connection: psycopg.Connection) -> None:
    """Each day has partitions, and a transaction can lock only so many."""
    connection.execute("SELECT set_config('lock_timeout', '0', false)")
    days = [delivery(n, "A", "0.5", START - timedelta(days=n)) for n in range(400)]
    assert load(connection, days, "days").counted == 400
    moved = [each._replace(created_at=(START - timedelta(days=n, hours=1)).isoformat()) for n, each in enumerate(days)]
    assert load(connection, moved, "days").replaced == 400
    assert len(recomputed(connection)) == 400
    run_job(connection)
    assert minutes_of(connection) == recomputed(connection) == expected_minutes(moved)
    assert prune(connection, timedelta(days=1)).days == 400
    assert recomputed(connection) == {}


@pytest.mark.parametrize("ask", [reconcile, backfill_minutes])
def test_a_question_about_a_day_locks_that_days_partitions_however_often_it_was_asked(
    connection: psycopg.Connection, ask: Callable[[psycopg.Connection, datetime, datetime], object]
) -> None:
    """A server that tries a plan of a repeated statement for all ranges locks all days, and of thousands it cannot."""
    load(connection, [delivery(n, "A", "0.5", START - timedelta(days=n)) for n in range(60)], "days")
    run_job(connection)
    with connection.transaction():
        for _ in range(20):
            ask(connection, START - timedelta(days=3), START - timedelta(days=2))
        ((locked,),) = connection.execute(
            "SELECT count(DISTINCT relation) FROM pg_locks JOIN pg_inherits ON inhrelid = relation"
            " JOIN pg_class ON pg_class.oid = relation WHERE relkind IN ('r', 'p') AND pid = pg_backend_pid()"
        ).fetchall()
    assert 0 < locked < 20


def test_a_database_that_speaks_another_zone_files_the_same_minute(url: str, connection: psycopg.Connection) -> None:
    with psycopg.connect(url, autocommit=True, options="-c timezone=Asia/Kolkata") as elsewhere:
        load(elsewhere, [GOOD], "elsewhere")
        run_job(elsewhere)
    assert minutes_of(connection) == expected_minutes([GOOD])


def test_loading_nothing_is_fine(connection: psycopg.Connection) -> None:
    assert load(connection, [], "empty").delivered == 0


_conflicting = st.lists(
    st.builds(
        delivery,
        st.integers(1, 4),
        st.sampled_from(["A", "B"]),
        st.sampled_from(["0.5", "-0.5", "0", "0.25"]),
        st.integers(0, 4).map(lambda n: START + timedelta(seconds=30 * n)),
    ),
    min_size=1,
    max_size=30,
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deliveries=_conflicting, data=st.data())
def test_which_of_conflicting_deliveries_counts_does_not_depend_on_their_order(
    connection: psycopg.Connection, deliveries: list[Delivery], data: st.DataObject
) -> None:
    """In any order, in any batches, with the job running in between."""
    connection.execute(
        "TRUNCATE sentiment.counted_message, sentiment.raw_score, sentiment.changed_minute, sentiment.minute"
    )
    shuffled = data.draw(st.permutations(deliveries))
    cut = data.draw(st.integers(0, len(shuffled)))
    load(connection, shuffled[:cut], "a")
    run_job(connection)
    load(connection, shuffled[cut:], "b")
    run_job(connection)
    assert minutes_of(connection) == expected_minutes(deliveries)


@pytest.mark.parametrize("second", [0, 30, 86_399])
def test_a_better_delivery_takes_the_place_of_another_whenever_in_its_day(
    connection: psycopg.Connection, second: int
) -> None:
    time = START.replace(hour=0, minute=0) + timedelta(seconds=second)
    load(connection, [delivery(1, "A", "0.5", time)], "test")
    assert load(connection, [delivery(1, "A", "0.25", time - timedelta(seconds=1))], "better").replaced == 1
    ((rows, least),) = connection.execute("SELECT count(*), min(created_at) FROM sentiment.raw_score").fetchall()
    assert (rows, least) == (1, time - timedelta(seconds=1))


def test_loads_at_the_same_time_agree_on_what_counts(url: str, connection: psycopg.Connection) -> None:
    choose = random.Random(5)
    deliveries = [
        delivery(number, "A", choose.choice(["0.5", "-0.25"]), START + timedelta(seconds=choose.randrange(180)))
        for number in list(range(300)) * 6
    ]
    choose.shuffle(deliveries)
    errors: list[BaseException] = []

    def work(part: list[Delivery]) -> None:
        try:
            with connect(url, autocommit=True) as own:
                for start in range(0, len(part), 50):
                    load(own, part[start : start + 50], "thread")
        except BaseException as error:  # shown by the assertion below
            errors.append(error)

    threads = [threading.Thread(target=work, args=[deliveries[part::4]]) for part in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    run_job(connection)
    assert minutes_of(connection) == recomputed(connection) == expected_minutes(deliveries)


@pytest.mark.parametrize("offset", ["Z", "+00:00", "-05:00", "+05:30"])
def test_a_time_is_filed_under_its_minute_in_utc(connection: psycopg.Connection, offset: str) -> None:
    load(connection, [GOOD._replace(created_at=f"2026-01-05T14:30:10{offset}")], "a")
    run_job(connection)
    ((_, ending),) = minutes_of(connection)
    assert ending == datetime.fromisoformat(f"2026-01-05T14:31:00{offset}")


def test_a_load_tells_which_minutes_it_changed(connection: psycopg.Connection) -> None:
    load(connection, [delivery(n, "A", 0.5, START + timedelta(seconds=20 * n)) for n in range(7)], "a")
    changed = Counter(dict(connection.execute("SELECT period_ending, changed_messages FROM sentiment.changed_minute")))
    assert changed == {
        START + timedelta(minutes=1): 3,
        START + timedelta(minutes=2): 3,
        START + timedelta(minutes=3): 1,
    }
