"""What the service answers: the night's rows for those it knew, its formula for newcomers, problems for the rest."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow.parquet as pq
import pytest
import schemathesis
from flask.testing import FlaskClient
from hypothesis import HealthCheck, Phase, given, settings

from recs_batch.serving.models import Recommended
from tests.recs_batch.serving.conftest import QUIET, Nights


@pytest.fixture
def client(nights: Nights, client_of: Callable[..., FlaskClient]) -> FlaskClient:
    return client_of(nights.store)


@pytest.mark.parametrize("kind", ["users", "rooms"])
def test_everybody_gets_the_rows_that_were_published(client: FlaskClient, nights: Nights, kind: str) -> None:
    rows: dict[int, list[dict]] = {}
    for row in pq.read_table(nights.store / f"recs/kind={kind}/{nights.second}/part-00000.parquet").to_pylist():
        del row["source"]
        rows.setdefault(row.pop("user_id"), []).append({"id": row.pop("item_id")} | row)
    assert len(rows) > 250
    for user, expected in rows.items():
        answer = client.get(f"/api/v1/users/{user}/recommendations?kind={kind}&limit=100").json
        assert answer["items"] == expected
        assert answer["run"] == nights.second
        Recommended.model_validate(answer, strict=True)


@pytest.mark.parametrize("kind", ["users", "rooms"])
def test_a_newcomer_gets_what_the_night_has_for_a_user_with_the_same_links(
    client: FlaskClient, nights: Nights, kind: str
) -> None:
    known = client.get(f"/api/v1/users/{QUIET}/recommendations?kind={kind}").json
    links = {"follows": nights.follows, "rooms": nights.rooms}
    new = client.post(f"/api/v1/recommendations?kind={kind}&limit=6", json=links).json
    others = [item for item in new["items"] if not (kind == "users" and item["id"] == QUIET)][:5]
    assert [item | {"rank": rank} for rank, item in enumerate(others, start=1)] == known["items"]
    assert new["user"] is None
    assert new["ignored"] == {"follows": [], "rooms": []}
    assert new.keys() - {"ignored"} == known.keys()
    assert [reason["kind"] for item in known["items"] for reason in item["reasons"]].count("overall") == 0


def test_a_newcomer_without_links_gets_what_is_popular_and_unknown_links_are_named(client: FlaskClient) -> None:
    empty = client.post("/api/v1/recommendations?limit=7", json={}).json
    assert [item["rank"] for item in empty["items"]] == [1, 2, 3, 4, 5, 6, 7]
    counts = [item["reasons"][0]["weight"] for item in empty["items"]]
    assert counts == sorted(counts, reverse=True)
    strange = client.post("/api/v1/recommendations", json={"follows": [-5, 3, 2**70], "rooms": [9999]}).json
    assert strange["ignored"] == {"follows": [-5, 2**70], "rooms": [9999]}
    assert 3 not in [item["id"] for item in strange["items"]]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("users/424242/recommendations", 404),
        (f"users/{2**63 - 1}/recommendations", 404),
        (f"users/{2**63}/recommendations", 404),
        ("users/somebody/recommendations", 400),
        ("users/1/recommendations?kind=pages", 400),
        ("users/1/recommendations?limit=0", 400),
        ("users/1/recommendations?limit=1&limits=2", 400),
        ("users/1/recommendations?of=dt=2020-01-01/run=no", 404),
        ("nothing", 404),
    ],
)
def test_what_cannot_be_answered_is_a_problem_document(client: FlaskClient, path: str, status: int) -> None:
    _is_problem(client.get(f"/api/v1/{path}"), status)


@pytest.mark.parametrize(
    "body",
    ["[]", "{", '{"follows": ["1"]}', '{"follows": 1}', '{"rooms": [1.5]}', '{"who": [1]}', '{"follows": [true]}'],
)
def test_a_body_that_makes_no_sense_is_a_problem_document(client: FlaskClient, body: str) -> None:
    _is_problem(client.post("/api/v1/recommendations", data=body, content_type="application/json"), 400)
    _is_problem(client.post("/api/v1/recommendations", json={"follows": list(range(1001))}), 400)


def test_an_earlier_publication_can_be_asked_for(client: FlaskClient, nights: Nights) -> None:
    listed = client.get("/api/v1/publications").json["publications"]
    assert [(one["run"], one["latest"]) for one in listed] == [(nights.second, True), (nights.first, False)]
    answer = client.get(f"/api/v1/users/1/recommendations?of={nights.first}").json
    assert answer["run"] == nights.first
    assert answer["items"][0].keys() == {"rank", "id", "score", "reasons"}


def test_the_service_keeps_to_its_document(client: FlaskClient) -> None:
    schema = schemathesis.openapi.from_wsgi("/openapi.json", client.application)
    paths = schema.raw_schema["paths"]
    assert paths.keys() == {
        "/api/v1/users/{user}/recommendations",
        "/api/v1/recommendations",
        "/api/v1/publications",
    }

    for operation in schema.get_all_operations():
        cases = operation.ok().as_strategy()

        @settings(max_examples=10, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
        @given(cases)
        def keeps(case: schemathesis.Case) -> None:
            case.call_and_validate()

        keeps()


def _is_problem(response: object, status: int) -> None:
    assert response.status_code == status
    assert response.content_type == "application/problem+json"
    assert response.json["status"] == status
    assert response.json["detail"]
