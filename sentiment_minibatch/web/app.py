"""The web application: the page, the API behind it, and what Kubernetes and Prometheus ask."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Any

import plotly
import psycopg
from flask import Response, current_app, jsonify, render_template, request, send_from_directory
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.info import Info
from flask_openapi3.openapi import OpenAPI
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import ValidationError

from common.postgres import connect
from common.version import code_version
from common.web import problem, register_problem_handlers
from sentiment_minibatch.index import latest
from sentiment_minibatch.schema import missing_migrations
from sentiment_minibatch.status import read_status
from sentiment_minibatch.web.metrics import exposition
from sentiment_minibatch.web.models import History, HistoryQuery, MarketNow, Problem, SymbolPath
from sentiment_minibatch.web.readings import MarketReader, history

_PROBLEM = {
    "description": "what is wrong (RFC 9457)",
    "content": {"application/problem+json": {"schema": Problem.model_json_schema()}},
}
_ERRORS: dict[Any, Any] = {400: _PROBLEM, 404: _PROBLEM, 503: _PROBLEM}
api = APIBlueprint("api", __name__, url_prefix="/api/v1")
page = APIBlueprint("page", __name__, doc_ui=False)


def create_app(url: str) -> OpenAPI:
    """Return the application that reads the database at `url`."""
    app = OpenAPI(
        __name__,
        info=Info(title="Sentiment index", version=code_version()),
        security_schemes={},
        doc_ui=False,
        validation_error_status=400,
        validation_error_model=Problem,
        validation_error_callback=_wrong_parameters,
    )
    app.extensions["sentiment"] = {"connect": lambda: connect(url, autocommit=True), "market": MarketReader()}
    app.register_api(api)
    app.register_api(page)
    register_problem_handlers(app)
    return app


@api.get("/index", responses={200: MarketNow, **_ERRORS})
def market_now() -> Response:
    """Return the market and every ticker at the last aggregated minute."""
    with _database() as connection:
        as_of, revision = latest(connection)
        response = _versioned(as_of, revision)
        if not _is_known(response):
            response.set_data(current_app.extensions["sentiment"]["market"].read(connection, as_of, revision))
    return _revalidated(response)


@api.get("/index/<string:symbol>", responses={200: History, **_ERRORS})
def ticker_history(path: SymbolPath, query: HistoryQuery) -> Response:
    """Return a ticker's index and volume over time."""
    return _history(path.symbol, query)


@api.get("/market", responses={200: History, **_ERRORS})
def market_history(query: HistoryQuery) -> Response:
    """Return the whole market's index and volume over time."""
    return _history(None, query)


@page.get("/")
def index_page() -> str:
    """Show the page."""
    return render_template("index.html")


@page.get("/api")
def api_page() -> str:
    """Show the description of the API to people."""
    return render_template("api.html", api=_description())


@page.get("/static/plotly.min.js")
def plotly_script() -> Response:
    """Serve Plotly from its Python package."""
    response = send_from_directory(Path(plotly.__file__).parent / "package_data", "plotly.min.js", max_age=86_400)
    response.cache_control.public = True
    return response


@page.get("/metrics")
def metrics() -> Response:
    """Tell Prometheus how the job is doing."""
    with _database() as connection:
        return Response(exposition(read_status(connection)), content_type=CONTENT_TYPE_LATEST)


@page.get("/openapi.json")
def openapi() -> Response:
    """Describe the API."""
    return jsonify(_description())


@page.get("/healthz")
def healthz() -> str:
    """Say that the process answers."""
    return "ok"


@page.get("/readyz")
def readyz() -> Response:
    """Say whether the database answers and has every table."""
    with _database() as connection:
        missing = missing_migrations(connection)
    if missing:
        return problem(503, "Service Unavailable", f"the database lacks {', '.join(missing)}")
    return jsonify(status="ready")


def _description() -> dict[str, Any]:
    description: dict[str, Any] = current_app.api_doc  # type: ignore[attr-defined] # the application is an OpenAPI
    return description


def _history(symbol: str | None, query: HistoryQuery) -> Response:
    with _database() as connection:
        as_of, revision = latest(connection)
        if symbol is not None and not _known(connection, symbol):
            return problem(404, "Not Found", f"no message about {symbol} has been aggregated")
        if as_of is None:
            return problem(404, "Not Found", "no minute has been aggregated yet")
        response = _versioned(as_of, revision)
        if not _is_known(response):
            try:
                response.set_data(history(connection, symbol, query, as_of).model_dump_json())
            except ValueError as error:
                return problem(400, "Bad Request", str(error))
    return _revalidated(response)


def _versioned(as_of: datetime | None, revision: int) -> Response:
    """Return an empty answer whose ETag changes with every change of the minutes."""
    response = Response(content_type="application/json")
    response.set_etag(f"{revision}-{as_of.timestamp():.0f}" if as_of else "empty")
    return response


def _is_known(response: Response) -> bool:
    """Tell whether the asker has this version of the answer already."""
    return request.if_none_match.contains_weak(response.get_etag()[0] or "")


def _known(connection: psycopg.Connection, symbol: str) -> bool:
    row = connection.execute("SELECT 1 FROM sentiment.minute WHERE symbol = %s LIMIT 1", [symbol]).fetchone()
    return row is not None


def _revalidated(response: Response) -> Response:
    """Let caches keep the answer but ask every time whether it still holds: that costs one small query."""
    response.cache_control.public = True
    response.cache_control.no_cache = True
    return response.make_conditional(request)  # type: ignore[return-value] # it returns the response itself


def _database() -> AbstractContextManager[psycopg.Connection]:
    opened: Callable[[], psycopg.Connection] = current_app.extensions["sentiment"]["connect"]
    return opened()


def _wrong_parameters(error: ValidationError) -> Response:
    details = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
    return problem(400, "Bad Request", details)
