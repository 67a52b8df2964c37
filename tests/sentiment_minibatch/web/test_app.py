from datetime import datetime, timedelta

import psycopg
import pytest
import schemathesis
from flask.testing import FlaskClient
from flask_openapi3.openapi import OpenAPI
from hypothesis import HealthCheck, given, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from sentiment_minibatch.load import load
from sentiment_minibatch.web.app import create_app
from tests.sentiment_minibatch.oracle import delivery, run_job


def test_before_the_first_minute_there_is_no_market(client: FlaskClient) -> None:
    answer = client.get("/api/v1/index")
    assert answer.status_code == 200
    assert answer.json == {"as_of": None, "closed_through": None, "revision": 0, "market": None, "symbols": []}
    assert client.get("/api/v1/market").status_code == 404


def test_the_market_lists_the_most_talked_about_tickers_first(filled: psycopg.Connection, client: FlaskClient) -> None:
    body = client.get("/api/v1/index").get_json()
    messages = [row["messages"] for row in body["symbols"]]
    assert len(body["symbols"]) == 30
    assert messages == sorted(messages, reverse=True)
    assert body["market"]["messages"] == sum(messages)
    for row in [body["market"], *body["symbols"]]:
        assert row["index"] is None or 0 <= row["low"] <= row["index"] <= row["high"] <= 100


def test_an_unchanged_answer_is_not_sent_again(filled: psycopg.Connection, client: FlaskClient) -> None:
    for address in ("/api/v1/index", "/api/v1/index/SPY", "/api/v1/market"):
        first = client.get(address)
        assert first.cache_control.no_cache
        again = client.get(address, headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")


def test_a_new_minute_changes_the_answer(
    filled: psycopg.Connection, client: FlaskClient, this_minute: datetime
) -> None:
    first = client.get("/api/v1/index")
    load(filled, [delivery(900_000 + n, "SPY", "-1", this_minute - timedelta(minutes=1)) for n in range(500)], "late")
    run_job(filled)
    again = client.get("/api/v1/index", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 200
    assert again.get_json()["symbols"][0]["index"] < first.get_json()["symbols"][0]["index"]


def test_a_tickers_history_has_a_point_per_step(
    filled: psycopg.Connection, client: FlaskClient, this_minute: datetime
) -> None:
    start, end = this_minute - timedelta(hours=1), this_minute
    query = {"from": start.isoformat(), "to": end.isoformat(), "step": "5m"}
    body = client.get("/api/v1/index/$spy", query_string=query).get_json()
    times = [datetime.fromisoformat(point["period_ending"]) for point in body["points"]]
    assert (body["symbol"], body["step_seconds"]) == ("SPY", 300)
    assert times == [start + n * timedelta(minutes=5) for n in range(1, 13)]


def test_the_last_point_of_a_history_is_the_index_now(filled: psycopg.Connection, client: FlaskClient) -> None:
    now = client.get("/api/v1/index").get_json()["symbols"][0]
    last = client.get(f"/api/v1/index/{now['symbol']}").get_json()["points"][-1]
    assert {name: last[name] for name in ("index", "low", "high")} == {
        name: now[name] for name in ("index", "low", "high")
    }


@pytest.mark.parametrize(
    ("address", "status", "word"),
    [
        ("/api/v1/index/NOSUCH", 404, "NOSUCH"),
        ("/api/v1/index/1%25", 400, "symbol"),
        ("/api/v1/index/SPY?step=2m", 400, "step"),
        ("/api/v1/index/SPY?from=yesterday", 400, "from"),
        ("/api/v1/index/SPY?from=2026-01-01T00:00:00", 400, "from"),
        ("/api/v1/index/SPY?from=2020-01-01T00:00:00Z", 400, "longer step"),
        ("/api/v1/index/SPY?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", 400, "after"),
        ("/api/v1/index/SPY?form=2026-01-02T00:00:00Z", 400, "form"),
        ("/api/v2", 404, "not found"),
    ],
)
def test_a_wrong_question_gets_a_problem_document_that_says_what_is_wrong(
    filled: psycopg.Connection, client: FlaskClient, address: str, status: int, word: str
) -> None:
    answer = client.get(address)
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    assert word in answer.get_json()["detail"]


def test_readiness_follows_the_database(database_url: str, client: FlaskClient) -> None:
    assert (client.get("/healthz").status_code, client.get("/readyz").status_code) == (200, 200)
    lost = create_app(database_url.replace("/test_", "/no_such_")).test_client()
    assert (lost.get("/healthz").status_code, lost.get("/readyz").status_code) == (200, 503)
    assert "cannot reach the database" in lost.get("/api/v1/index").get_json()["detail"]


def test_readiness_says_which_migrations_are_missing(database_url: str) -> None:
    answer = create_app(database_url).test_client().get("/readyz")
    assert answer.status_code == 503
    assert "0001_tables.sql" in answer.get_json()["detail"]


def test_metrics_tell_the_lag_and_what_is_pending(filled: psycopg.Connection, client: FlaskClient) -> None:
    load(filled, [delivery(900_000, "SPY", "-1", datetime.fromisoformat("2026-01-05T14:30:00Z"))], "late")
    lines = client.get("/metrics").text.splitlines()
    values = {name: float(value) for name, value in (line.split() for line in lines if not line.startswith("#"))}
    assert 0 <= values["sentiment_lag_seconds"] < 300
    assert values["sentiment_late_minutes_pending"] == 1


def test_every_answer_is_as_the_openapi_document_says(filled: psycopg.Connection, app: OpenAPI) -> None:
    """Schemathesis makes up questions, right and wrong ones."""
    schema = schemathesis.openapi.from_wsgi("/openapi.json", app)
    operations = [result.ok() for result in schema.get_all_operations()]
    assert [operation.path for operation in operations] == ["/api/v1/index", "/api/v1/index/{symbol}", "/api/v1/market"]
    for operation in operations:

        @settings(max_examples=25, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy())
        def check(case: schemathesis.Case) -> None:
            # A span may hold too many points for its step, which OpenAPI has no words for.
            case.call_and_validate(excluded_checks=[positive_data_acceptance])

        check()
