"""The messages behind a ticker's last hour, in the API and on the page's side of it."""

from __future__ import annotations

from datetime import datetime, timedelta

import psycopg
from flask.testing import FlaskClient

from sentiment_minibatch.prune import forget_messages
from sentiment_minibatch.scoring.artifact import shipped_scorer
from sentiment_minibatch.scoring.database import deliver_messages, score_waiting
from sentiment_minibatch.scoring.message import Message
from sentiment_minibatch.scoring.score_messages import ScoringReport, placed
from tests.sentiment_minibatch.oracle import run_job


def bring(connection: psycopg.Connection, *messages: Message) -> None:
    deliver_messages(connection, placed(messages, "test"), ScoringReport())
    for _ in score_waiting(connection, shipped_scorer()):
        pass
    run_job(connection)


def test_the_strongest_messages_come_with_the_words_that_made_them(
    connection: psycopg.Connection, client: FlaskClient, this_minute: datetime
) -> None:
    def at(minutes: int) -> str:
        return (this_minute - timedelta(minutes=minutes)).isoformat()

    bring(
        connection,
        Message("1", at(100), "$TSLA bankrupt, buying puts"),  # before the hour
        Message("2", at(30), "$TSLA <b>crash</b>, buying puts"),
        Message("3", at(20), "$TSLA looks good"),
        Message("4", at(10), "$TSLA what time", "Bullish"),
        Message("5", at(5), "$AMD to the moon"),
    )
    body = client.get("/api/v1/messages/tsla").get_json()
    assert (body["symbol"], body["messages"]) == ("TSLA", 3)
    marked, crash, good = body["strongest"]
    assert (marked["mark"], marked["score"]) == ("bullish", 1)
    assert crash["text"] == "$TSLA <b>crash</b>, buying puts"
    assert crash["score"] < -0.9
    assert crash["model"] == shipped_scorer().version
    assert crash["words"][0]["word"] in {"crash", "puts"}
    assert {"crash", "puts"} <= {word["word"] for word in body["words"] if word["log_odds"] < 0}
    assert good["score"] > 0


def test_a_ticker_without_messages_has_none_behind_it(connection: psycopg.Connection, client: FlaskClient) -> None:
    assert client.get("/api/v1/messages/TSLA").status_code == 404  # no minute yet
    bring(connection, Message("1", "2026-01-05T14:30:00Z", "$AMD up"))
    assert client.get("/api/v1/messages/TSLA").get_json() == {
        "symbol": "TSLA", "messages": 0, "words": [], "strongest": []
    }  # fmt: skip


def test_texts_are_forgotten_after_their_retention_and_the_scores_stay(
    connection: psycopg.Connection, client: FlaskClient, this_minute: datetime
) -> None:
    bring(connection, Message("1", (this_minute - timedelta(minutes=30)).isoformat(), "$TSLA crash"))
    assert forget_messages(connection, timedelta(hours=1)) == 0
    assert forget_messages(connection, timedelta(minutes=10)) == 1
    run_job(connection)
    assert client.get("/api/v1/messages/TSLA").get_json()["messages"] == 0
    assert connection.execute("SELECT count(*) FROM sentiment.raw_score").fetchone() == (1,)
    assert connection.execute("SELECT count(*) FROM sentiment.message_score").fetchone() == (1,)
