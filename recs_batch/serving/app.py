"""The web application: the API, the page, and what Kubernetes and Prometheus ask."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import orjson
from flask import Response, current_app, jsonify, send_from_directory
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.info import Info
from flask_openapi3.openapi import OpenAPI
from pydantic import ValidationError

from common.storage import ObjectNotFoundError, open_store
from common.tracing import register_tracing
from common.version import code_version
from common.web import problem, register_problem_handlers, register_security_headers
from recs_batch.graph.ids import is_id
from recs_batch.parameters import Kind
from recs_batch.serving.answers import earlier, known_user, newcomer
from recs_batch.serving.metrics import Metrics
from recs_batch.serving.models import (
    Listing,
    Newcomer,
    NewcomerQuery,
    Problem,
    RecommendationsQuery,
    Recommended,
    UserPath,
)
from recs_batch.serving.publications import Publication, Publications
from recs_batch.serving.settings import ServeSettings

_STATIC = Path(__file__).parent / "static"
_PROBLEM = {
    "description": "what is wrong (RFC 9457)",
    "content": {"application/problem+json": {"schema": Problem.model_json_schema()}},
}
api = APIBlueprint("api", __name__, url_prefix="/api/v1")
page = APIBlueprint("page", __name__, doc_ui=False)


def create_app(settings: ServeSettings) -> OpenAPI:
    """Return the application that answers from the latest publication in a store."""
    app = OpenAPI(
        __name__,
        info=Info(title="Recommendations", version=code_version()),
        security_schemes={},
        doc_ui=False,
        static_folder=str(_STATIC),
        validation_error_status=400,
        validation_error_model=Problem,
        validation_error_callback=_wrong_parameters,
    )
    app.config["MAX_CONTENT_LENGTH"] = 1 << 16
    metrics = Metrics()
    metrics.watch(app)
    publications = Publications(open_store(settings.store_uri), settings.cache, metrics.tell)
    app.extensions["recs"] = publications
    app.extensions["recs_settings"] = settings
    app.register_api(api)
    app.register_api(page)
    register_tracing(app)
    register_problem_handlers(app)
    register_security_headers(app)
    publications.watch(settings.poll_seconds)
    return app


@api.get("/users/<user>/recommendations", responses={200: Recommended, 400: _PROBLEM, 404: _PROBLEM})
def recommendations(path: UserPath, query: RecommendationsQuery) -> Response:
    """Return what the last night recommends to a user, with the reasons."""
    if (publication := _current()) is None:
        return _nothing()
    if not is_id(path.user):
        return problem(404, "Not Found", f"there is no user {path.user}: ids have 64 bits")
    if query.of is not None and query.of != publication.run:
        return _earlier(query.of, query.kind, path.user, query.limit)
    if (answer := known_user(publication, query.kind, path.user, query.limit)) is None:
        return problem(404, "Not Found", f"the night of {publication.date} knew no user {path.user}")
    return _json(answer)


@api.get("/publications", responses={200: Listing, 503: _PROBLEM})
def publications() -> Response:
    """List the publications of the store."""
    return _json({"publications": _publications().listing()})


@api.post("/recommendations", responses={200: Recommended, 400: _PROBLEM, 409: _PROBLEM})
def recommendations_for_newcomer(query: NewcomerQuery, body: Newcomer) -> Response:
    """Return what would be recommended to somebody with these links."""
    if (publication := _current()) is None:
        return _nothing()
    if not publication.models:
        return problem(409, "Conflict", f"{publication.run} was published without what newcomers are scored from")
    return _json(newcomer(publication, query.kind, body.follows, body.rooms, query.limit))


@page.get("/healthz")
def healthz() -> Response:
    """Say that the process answers."""
    return jsonify(status="alive")


@page.get("/readyz")
def readyz() -> Response:
    """Say whether a publication is there, and not too old."""
    if (publication := _current()) is None:
        return _nothing()
    most, age = current_app.extensions["recs_settings"].max_age_hours, publication.age_hours()
    if age > most:
        return problem(503, "Service Unavailable", f"{publication.run} is {age:.1f} hours old; the limit is {most:g}")
    return jsonify(status="ready", run=publication.run, night=publication.night)


@page.get("/openapi.json")
def openapi() -> Response:
    """Describe the API."""
    description: dict[str, Any] = current_app.api_doc  # type: ignore[attr-defined] # the application is an OpenAPI
    return jsonify(description)


@page.get("/")
def index() -> Response:
    """Show the page."""
    return send_from_directory(_STATIC, "index.html")


def _earlier(run: str, kind: Kind, user: int, limit: int) -> Response:
    try:
        with _publications().published(run) as published:
            answer = earlier(published, kind, user, limit)
    except ObjectNotFoundError as error:
        return problem(404, "Not Found", str(error))
    return _json(answer) if answer["items"] else problem(404, "Not Found", f"{run} has nothing for user {user}")


def _publications() -> Publications:
    found: Publications = current_app.extensions["recs"]
    return found


def _current() -> Publication | None:
    return _publications().current


def _nothing() -> Response:
    return problem(503, "Service Unavailable", "no publication has been read yet")


def _json(answer: dict[str, Any]) -> Response:
    try:
        body = orjson.dumps(answer)
    except orjson.JSONEncodeError:  # a newcomer's links of more than 64 bits, which are named as ignored
        body = json.dumps(answer, separators=(",", ":")).encode()
    return Response(body, content_type="application/json")


def _wrong_parameters(error: ValidationError) -> Response:
    details = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
    return problem(400, "Bad Request", details)
