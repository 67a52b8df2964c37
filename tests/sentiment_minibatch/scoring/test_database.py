"""Messages in the database: scored beside the aggregation, and again by another model, with the minutes following."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from common.postgres import connect
from sentiment_minibatch.aggregate import aggregate
from sentiment_minibatch.reconcile import reconcile
from sentiment_minibatch.scoring.artifact import shipped_scorer
from sentiment_minibatch.scoring.database import deliver_messages, score_waiting
from sentiment_minibatch.scoring.message import Message
from sentiment_minibatch.scoring.score_messages import ScoringReport, placed
from sentiment_minibatch.scoring.scorer import Scorer
from tests.sentiment_minibatch.scoring.models import other_scorer

START = datetime(2026, 1, 5, 14, 30, tzinfo=UTC)
BULL, BEAR = "$TSLA to the moon, buying more", "$TSLA $AMD buying puts, this will crash"


def message(number: int, text: str, label: str | None = None, minute: int = 0) -> Message:
    return Message(str(number), (START + timedelta(minutes=minute, seconds=number)).isoformat(), text, label)


def bring(connection: psycopg.Connection, *messages: Message) -> ScoringReport:
    report = ScoringReport()
    deliver_messages(connection, placed(messages, "test"), report)
    return report


def score_all(connection: psycopg.Connection, scorer: Scorer | None = None, *, again: bool = False) -> ScoringReport:
    total = ScoringReport()
    for report in score_waiting(connection, scorer or shipped_scorer(), again=again):
        total.add(report)
    return total


def minutes(connection: psycopg.Connection) -> list[tuple[object, ...]]:
    aggregate(connection, grace=timedelta(0), at_most=100)
    return connection.execute(
        "SELECT symbol, bullish_sum, bearish_sum, bullish_count + bearish_count + neutral_count"
        " FROM sentiment.minute ORDER BY period_ending, symbol"
    ).fetchall()


def counted(connection: psycopg.Connection) -> dict[tuple[int, str], int]:
    rows = connection.execute("SELECT message_id, symbol, score_micros FROM sentiment.raw_score").fetchall()
    again = connection.execute("SELECT message_id, symbol, score_micros FROM sentiment.counted_message").fetchall()
    assert sorted(rows) == sorted(again)
    return {(number, symbol): micros for number, symbol, micros in rows}


def test_messages_become_the_minutes_of_each_ticker_they_name(connection: psycopg.Connection) -> None:
    bring(connection, message(1, BULL), message(2, BEAR), message(3, "no ticker here"))
    report = score_all(connection)
    assert (report.messages, report.scores, dict(report.reasons)) == (3, 3, {"text names no ticker": 1})
    scores = counted(connection)
    assert scores[1, "TSLA"] > 0 > scores[2, "TSLA"]
    assert [(symbol, messages) for symbol, *_, messages in minutes(connection)] == [("AMD", 1), ("TSLA", 2)]


def test_the_authors_mark_is_the_score_and_the_models_stands_beside_it(connection: psycopg.Connection) -> None:
    bring(connection, message(1, BULL, "Bearish"))
    score_all(connection)
    assert counted(connection) == {(1, "TSLA"): -1_000_000}
    row = connection.execute("SELECT mark, model_score_micros > 0, model FROM sentiment.message_score").fetchone()
    assert row == ("bearish", True, shipped_scorer().version)


def test_delivering_and_scoring_again_changes_nothing(connection: psycopg.Connection) -> None:
    messages = [message(1, BULL), message(2, BEAR)]
    bring(connection, *messages)
    score_all(connection)
    before = minutes(connection)
    bring(connection, *messages)
    assert score_all(connection).messages == 0
    assert score_all(connection, again=True).messages == 0
    assert minutes(connection) == before


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_contradicting_deliveries_of_a_message_settle_by_ticker_in_any_order(
    connection: psycopg.Connection, order: tuple[int, int]
) -> None:
    """As for scores: of each ticker the least (created_at, score) counts, whichever delivery it comes from."""
    deliveries = [message(1, BULL), message(1, BEAR)]
    for place in order:
        bring(connection, deliveries[place])
        score_all(connection)
    bearish = {(1, symbol): round(score * 1e6) for symbol, score in shipped_scorer().score(BEAR).items()}
    assert counted(connection) == bearish
    assert [row[0] for row in minutes(connection)] == ["AMD", "TSLA"]


def test_a_new_model_scores_again_and_only_the_minutes_that_change_are_done_again(
    connection: psycopg.Connection,
) -> None:
    bring(connection, message(1, BULL), message(2, "$F", minute=3), message(3, BEAR, "bearish", minute=5))
    score_all(connection)
    minutes(connection)
    new = other_scorer()
    report = score_all(connection, new, again=True)
    assert report.messages == 3
    changed = connection.execute("SELECT DISTINCT period_ending FROM sentiment.changed_minute").fetchall()
    assert changed == [(START + timedelta(minutes=1),)]  # one says nothing to either, the other bears a mark
    minutes(connection)
    assert {model for (model,) in connection.execute("SELECT model FROM sentiment.message_score")} == {new.version}
    assert counted(connection)[1, "TSLA"] == round(new.score(BULL)["TSLA"] * 1e6)
    assert not reconcile(connection, START, START + timedelta(hours=1)).differences


def test_a_score_that_somebody_else_delivered_stays(connection: psycopg.Connection) -> None:
    from sentiment_minibatch.load import load
    from sentiment_minibatch.scores import Delivery

    first = message(1, BULL)
    earlier = (START - timedelta(minutes=1)).isoformat()
    load(connection, [Delivery("1", "TSLA", "0.5", earlier)], "elsewhere")
    bring(connection, first)
    score_all(connection)
    score_all(connection, other_scorer(), again=True)
    assert counted(connection) == {(1, "TSLA"): 500_000}


def test_two_runs_share_the_work_and_aggregation_waits_for_neither(url: str, connection: psycopg.Connection) -> None:
    bring(connection, *(message(number, BULL) for number in range(1, 11)))
    with connect(url, autocommit=True) as other, other.transaction():
        taken = other.execute("SELECT message_id FROM sentiment.message LIMIT 4 FOR UPDATE").fetchall()
        assert score_all(connection).messages == 6
        assert minutes(connection)[0][3] == 6
    assert len(taken) == 4
    assert score_all(connection).messages == 4
    assert minutes(connection)[0][3] == 10


def test_a_run_that_dies_in_the_middle_leaves_its_batch_waiting(connection: psycopg.Connection) -> None:
    bring(connection, message(1, BULL))

    class DyingScorer(Scorer):
        def __init__(self) -> None:
            self.version = "dying"

        def score(self, text: str) -> dict[str, float]:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        score_all(connection, DyingScorer())
    assert counted(connection) == {}
    assert score_all(connection).messages == 1


def test_what_cannot_be_a_message_is_refused_with_one_reason(connection: psycopg.Connection) -> None:
    now = datetime.now(UTC)
    report = bring(
        connection,
        Message("x", START.isoformat(), BULL),
        Message("1", "yesterday", BULL),
        Message("2", (now + timedelta(hours=1)).isoformat(), BULL),
        Message("3", START.isoformat(), None),
        Message("4", START.isoformat(), "$F " * 500_000),
        Message("5", START.isoformat(), BULL, "undecided"),
    )
    assert sorted(report.reasons) == [
        "created_at is no RFC 3339 time of the years 2000 to 2099",
        "created_at lies in the future",
        "label is neither bullish nor bearish",
        "message_id is no whole number of at most 18 digits",
        "text has more than 10,000 characters",
        "text is missing",
    ]
    assert connection.execute("SELECT count(*) FROM sentiment.message").fetchone() == (0,)
