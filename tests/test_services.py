"""What all three services do alike: their log names a request's trace, and their metrics name the build."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from common.logs import LogSettings, configure_logs
from common.tracing import trace_of
from common.version import code_version, version
from image_classifier.artifact import SHIPPED, load_artifact
from image_classifier.classifier import Classifier
from image_classifier.serving.app import create_app as create_classifier
from image_classifier.serving.settings import ServiceSettings
from recs_batch.serving.app import create_app as create_recommendations
from recs_batch.serving.settings import ServeSettings
from sentiment_minibatch.serving.app import create_app as create_page

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.fixture(params=["image_classifier", "recs", "sentiment"])
def service(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Flask]:
    created: dict[str, Callable[[], Flask]] = {
        "image_classifier": lambda: create_classifier(Classifier(load_artifact(SHIPPED)), ServiceSettings()),
        "recs": lambda: create_recommendations(ServeSettings(STORE_URI=str(tmp_path), cache=tmp_path / "cache")),
        "sentiment": lambda: create_page("postgresql://nobody@127.0.0.1:1/none"),
    }
    app = created[request.param]()
    configure_logs(LogSettings(log_format="json", log_level="INFO"))
    return request.param, app


def logged(caplog: pytest.LogCaptureFixture) -> list[dict[str, object]]:
    return [record.msg for record in caplog.records if isinstance(record.msg, dict)]


def test_a_request_of_a_trace_is_logged_with_it(service: tuple[str, Flask], caplog: pytest.LogCaptureFixture) -> None:
    client = service[1].test_client()
    client.get("/healthz", headers={"traceparent": f"00-{TRACE}-{SPAN}-01"})
    (line,) = (line for line in logged(caplog) if line["event"] == "request")
    found = {key: line[key] for key in ("method", "path", "status", "trace_id", "parent_span_id")}
    assert found == {"method": "GET", "path": "/healthz", "status": 200, "trace_id": TRACE, "parent_span_id": SPAN}


def test_a_defect_is_logged_with_the_trace(service: tuple[str, Flask], caplog: pytest.LogCaptureFixture) -> None:
    app = service[1]

    def defect() -> str:
        raise ZeroDivisionError("a bug")

    app.add_url_rule("/defect", view_func=defect)
    app.test_client().get("/defect", headers={"traceparent": f"00-{TRACE}-{SPAN}-01"})
    (line,) = (line for line in logged(caplog) if line["event"] == "unexpected error")
    assert line["trace_id"] == TRACE


def test_a_trace_does_not_stay_for_the_next_request(
    service: tuple[str, Flask], caplog: pytest.LogCaptureFixture
) -> None:
    client = service[1].test_client()
    client.get("/healthz", headers={"traceparent": f"00-{TRACE}-{SPAN}-01"})
    client.get("/healthz")
    assert [line["event"] for line in logged(caplog) if "trace_id" in line] == ["request"]


@pytest.mark.parametrize(
    "header",
    [
        "", "00", f"00-{TRACE}-{SPAN}", f"00-{'0' * 32}-{SPAN}-01", f"00-{TRACE}-{'0' * 16}-01",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE.upper()}-{SPAN}-01", f"00-{TRACE}-{SPAN}-01\\nlevel=error",
    ],
)  # fmt: skip
def test_what_is_no_traceparent_is_none(header: str) -> None:
    assert trace_of(header) == {}


def test_metrics_say_which_build_answers(service: tuple[str, Flask]) -> None:
    product, app = service
    if product != "sentiment":  # whose page asks the database: tests/sentiment_minibatch/serving
        text = app.test_client().get("/metrics").text
        assert f'{product}_build_info{{revision="{code_version()}",version="{version()}"}} 1.0' in text
