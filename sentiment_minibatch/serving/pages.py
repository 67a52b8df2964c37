"""The pages, and what Kubernetes and Prometheus ask."""

from __future__ import annotations

from typing import Any

from flask import Response, current_app, jsonify, render_template
from flask_openapi3.blueprint import APIBlueprint

from common.web import problem
from sentiment_minibatch.schema import missing_migrations
from sentiment_minibatch.serving.metrics import answer
from sentiment_minibatch.serving.state import State
from sentiment_minibatch.status import read_status

pages = APIBlueprint("pages", __name__, doc_ui=False)


@pages.get("/")
def index_page() -> str:
    """Show the page."""
    return render_template("index.html")


@pages.get("/api")
def api_page() -> str:
    """Show the description of the API to people."""
    return render_template("api.html", api=_description())


@pages.get("/metrics")
def metrics() -> Response:
    """Tell Prometheus how the job is doing."""
    return answer(_state().database.read(read_status))


@pages.get("/openapi.json")
def openapi() -> Response:
    """Describe the API."""
    return jsonify(_description())


@pages.get("/healthz")
def healthz() -> str:
    """Say that the process answers."""
    return "ok"


@pages.get("/readyz")
def readyz() -> Response:
    """Say whether the database answers and has every table."""
    missing = _state().database.read(missing_migrations)
    if missing:
        return problem(503, "Service Unavailable", f"the database lacks {', '.join(missing)}")
    return jsonify(status="ready")


def _description() -> dict[str, Any]:
    description: dict[str, Any] = current_app.api_doc  # type: ignore[attr-defined] # the application is an OpenAPI
    return description


def _state() -> State:
    state: State = current_app.extensions["sentiment"]
    return state
