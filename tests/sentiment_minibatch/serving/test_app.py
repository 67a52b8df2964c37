import gzip
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import psycopg
import pytest
import schemathesis
from flask.testing import FlaskClient
from flask_openapi3.openapi import OpenAPI
from hypothesis import HealthCheck, given, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from common.version import code_version, version
from sentiment_minibatch.index import Version
from sentiment_minibatch.load import load
from sentiment_minibatch.serving.answers import Answers
from sentiment_minibatch.serving.app import create_app
from sentiment_minibatch.serving.database import BusyError, Database
from tests.sentiment_minibatch.oracle import delivery, run_job
from tests.sentiment_minibatch.processes import wait_until


def test_before_the_first_minute_there_is_no_market(client: FlaskClient) -> None:
    answer = client.get("/api/v1/index")
    assert answer.status_code == 200
    assert answer.json == {
        "as_of": None,
        "closed_through": None,
        "revision": 0,
        "market": None,
        "false_alarm_rate": 0.01,
        "moves": [],
        "found": 0,
        "symbols": [],
    }
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
        assert (first.cache_control.public, first.cache_control.max_age) == (True, 1)
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
    whole = start.replace(minute=start.minute // 5 * 5)
    assert times == [whole + n * timedelta(minutes=5) for n in range(1, 13)]


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
        ("/api/v1/market?to=0001-01-01T00:00:00Z", 400, "to"),
        ("/api/v1/market?from=0001-01-01T00:00:00%2B14:00", 400, "from"),
        ("/api/v1/market?to=9999-12-31T23:59:59-14:00", 400, "to"),
        ("/api/v1/index?sort=luck", 400, "sort"),
        ("/api/v1/index?symbols=SPY,1", 400, "symbols"),
        ("/api/v1/index?limit=0", 400, "limit"),
        ("/api/v2", 404, "not found"),
    ],
)
def test_a_wrong_question_gets_a_problem_document_that_says_what_is_wrong(
    filled: psycopg.Connection, client: FlaskClient, address: str, status: int, word: str
) -> None:
    answer = client.get(address)
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    assert word in answer.get_json()["detail"]


def test_a_history_begins_with_the_first_minute_there_is(filled: psycopg.Connection, client: FlaskClient) -> None:
    points = client.get("/api/v1/market?from=2021-01-01T00:00:00Z&step=1d").get_json()["points"]
    assert len(points) <= 2


def test_tickers_are_sorted_searched_listed_and_limited(filled: psycopg.Connection, client: FlaskClient) -> None:
    filled.execute("INSERT INTO sentiment.company VALUES ('TSLA', 'Tesla'), ('SPY', 'An index fund')")

    def symbols(query: str) -> list[str]:
        body = client.get(f"/api/v1/index?{query}").get_json()
        return [row["symbol"] for row in body["symbols"]]

    everything = symbols("sort=symbol&order=ascending")
    assert everything == sorted(everything)
    assert symbols("sort=symbol&limit=3") == everything[:-4:-1]
    assert symbols("search=$tsl") == symbols("search=tesla") == ["TSLA"]
    assert symbols("symbols=$spy,TSLA,NOSUCH&sort=symbol") == ["TSLA", "SPY"]
    changes = [row["change"] for row in client.get("/api/v1/index?sort=change&order=ascending").get_json()["symbols"]]
    known = [change for change in changes if change is not None]
    assert known == sorted(known)
    assert changes == known + [None] * (len(changes) - len(known))


def test_a_minute_that_is_revised_shows_at_once_though_no_later_one_has_come(
    filled: psycopg.Connection, client: FlaskClient
) -> None:
    """As the stream does it, with the rows of the minute that is still open."""
    before = client.get("/api/v1/index?symbols=SPY")
    filled.execute(
        "UPDATE sentiment.minute SET bearish_count = 900, bearish_sum = -900000000, squares_sum = 900000000"
        " WHERE symbol = 'SPY' AND period_ending = (SELECT aggregated_through FROM sentiment.progress)"
    )
    filled.execute("UPDATE sentiment.progress SET revision = revision + 1")
    after = client.get("/api/v1/index?symbols=SPY", headers={"If-None-Match": before.headers["ETag"]})
    assert after.get_json()["as_of"] == before.get_json()["as_of"]
    assert after.get_json()["symbols"][0]["index"] < before.get_json()["symbols"][0]["index"] - 5


def test_text_goes_out_compressed_and_every_answer_says_what_a_browser_may_do(
    filled: psycopg.Connection, client: FlaskClient
) -> None:
    for address in ("/", "/api", "/api/v1/index", "/static/page.js", "/static/uPlot.iife.min.js"):
        with client.get(address, headers={"Accept-Encoding": "gzip"}) as answer, client.get(address) as plain:
            assert answer.content_encoding == "gzip"
            assert gzip.decompress(answer.data) == plain.data
            assert len(answer.data) < len(plain.data) / 2
            assert "Accept-Encoding" in plain.headers["Vary"]
    for address in ("/", "/api/v1/index", "/api/v1/index/NOSUCH", "/nowhere", "/static/page.css", "/metrics"):
        with client.get(address) as answer:
            headers = answer.headers
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert (headers["X-Content-Type-Options"], headers["Referrer-Policy"]) == ("nosniff", "no-referrer")


def test_a_statement_that_takes_too_long_is_ended_and_said_to_be_busy(url: str) -> None:
    database = Database(url, version_holds_seconds=0)
    database.read(lambda connection: connection.execute("SET statement_timeout = '50ms'"))
    with pytest.raises(BusyError):
        database.read(lambda connection: connection.execute("SELECT pg_sleep(5)"))
    database.close()


def test_only_so_many_histories_are_computed_at_once(url: str) -> None:
    database = Database(url, version_holds_seconds=0)
    go_on = threading.Event()
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(database.compute, lambda _: go_on.wait(30)) for _ in range(8)]
        wait_until(lambda: sum(each.done() for each in asked) == 3)
        assert all(isinstance(each.exception(), BusyError) for each in asked if each.done())
        go_on.set()
        assert sum(each.exception() is None for each in asked) == 5
    database.close()


def test_a_connection_that_broke_off_is_opened_again(filled: psycopg.Connection, client: FlaskClient) -> None:
    assert client.get("/api/v1/index").status_code == 200
    filled.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
    )
    assert client.get("/api/v1/market").status_code == 200


def test_an_answer_is_computed_once_for_all_who_ask_at_the_same_time() -> None:
    answers, computed = Answers(), []
    version = Version(None, None, 1)

    def compute() -> bytes:
        computed.append(1)
        time.sleep(0.2)
        return b"answer"

    with ThreadPoolExecutor(8) as pool:
        bodies = list(pool.map(lambda _: answers.get(version, "asked", compute), range(8)))
    assert (bodies, len(computed)) == ([b"answer"] * 8, 1)
    assert answers.get(Version(None, None, 2), "asked", lambda: b"later") == b"later"


def test_readiness_follows_the_database(database_url: str, client: FlaskClient) -> None:
    assert (client.get("/healthz").status_code, client.get("/readyz").status_code) == (200, 200)
    lost = create_app(database_url.replace("/test_", "/no_such_")).test_client()
    assert (lost.get("/healthz").status_code, lost.get("/readyz").status_code) == (200, 503)
    assert "cannot reach the database" in lost.get("/api/v1/index").get_json()["detail"]


def test_readiness_says_which_migrations_are_missing(database_url: str) -> None:
    app = create_app(database_url)
    answer = app.test_client().get("/readyz")
    app.extensions["sentiment"].database.close()
    assert answer.status_code == 503
    assert "0001_tables.sql" in answer.get_json()["detail"]


def test_metrics_tell_the_lag_and_what_is_pending(filled: psycopg.Connection, client: FlaskClient) -> None:
    load(filled, [delivery(900_000, "SPY", "-1", datetime.fromisoformat("2026-01-05T14:30:00Z"))], "late")
    lines = client.get("/metrics").text.splitlines()
    values = {name: float(value) for name, value in (line.split() for line in lines if not line.startswith("#"))}
    assert 0 <= values["sentiment_lag_seconds"] < 300
    assert values["sentiment_late_minutes_pending"] == 1
    assert values[f'sentiment_build_info{{revision="{code_version()}",version="{version()}"}}'] == 1


def test_every_answer_is_as_the_openapi_document_says(filled: psycopg.Connection, app: OpenAPI) -> None:
    """Schemathesis makes up questions, right and wrong ones."""
    schema = schemathesis.openapi.from_wsgi("/openapi.json", app)
    operations = [result.ok() for result in schema.get_all_operations()]
    assert [operation.path for operation in operations] == [
        "/api/v1/index",
        "/api/v1/index/{symbol}",
        "/api/v1/market",
        "/api/v1/messages/{symbol}",
    ]
    for operation in operations:

        @settings(max_examples=25, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy())
        def check(case: schemathesis.Case) -> None:
            # A span may hold too many points for its step, which OpenAPI has no words for.
            case.call_and_validate(headers={"Accept-Encoding": "identity"}, excluded_checks=[positive_data_acceptance])

        check()
