"""The API: the market now, and an index over time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, current_app, request
from flask_openapi3.blueprint import APIBlueprint
from pydantic import BaseModel

from common.web import problem
from sentiment_minibatch.serving.behind import read_behind
from sentiment_minibatch.serving.models import (
    Behind,
    History,
    HistoryQuery,
    MarketNow,
    MarketQuery,
    Problem,
    SymbolPath,
)
from sentiment_minibatch.serving.readings import UnknownTickerError, read_history
from sentiment_minibatch.serving.state import State

_PROBLEM = {
    "description": "what is wrong (RFC 9457)",
    "content": {"application/problem+json": {"schema": Problem.model_json_schema()}},
}
_ERRORS: dict[Any, Any] = {400: _PROBLEM, 404: _PROBLEM, 503: _PROBLEM}
_SECONDS_FRESH = 1
api = APIBlueprint("api", __name__, url_prefix="/api/v1")


@api.get("/index", responses={200: MarketNow, **_ERRORS})
def market_now(query: MarketQuery) -> Response:
    """Return the market and tickers at the last aggregated minute."""
    return _answer(lambda: _state().market().answer(query))


@api.get("/index/<string:symbol>", responses={200: History, **_ERRORS})
def ticker_history(path: SymbolPath, query: HistoryQuery) -> Response:
    """Return a ticker's index and volume over time."""
    return _history(path.symbol, query)


@api.get("/messages/<string:symbol>", responses={200: Behind, **_ERRORS})
def messages_behind(path: SymbolPath) -> Response:
    """Return the messages behind a ticker's last hour, and the words that made their scores."""
    state = _state()
    as_of = state.database.version().as_of
    if as_of is None:
        return problem(404, "Not Found", "no minute has been aggregated yet")
    return _answer(lambda: state.database.compute(lambda found: read_behind(found, path.symbol, as_of)))


@api.get("/market", responses={200: History, **_ERRORS})
def market_history(query: HistoryQuery) -> Response:
    """Return the whole market's index and volume over time."""
    return _history(None, query)


def _history(symbol: str | None, query: HistoryQuery) -> Response:
    state = _state()
    as_of = state.database.version().as_of
    if as_of is None:
        return problem(404, "Not Found", "no minute has been aggregated yet")
    try:
        return _answer(lambda: state.database.compute(lambda found: read_history(found, symbol, query, as_of)))
    except UnknownTickerError as error:
        return problem(404, "Not Found", str(error))
    except ValueError as error:
        return problem(400, "Bad Request", str(error))


def _answer(compute: Callable[[], BaseModel]) -> Response:
    """Return an answer that the asker may already have, that others may have asked for, or that is computed now."""
    state = _state()
    version = state.database.version()
    response = Response(content_type="application/json")
    response.set_etag(version.etag, weak=True)
    response.cache_control.public = True
    response.cache_control.max_age = _SECONDS_FRESH
    if request.if_none_match.contains_weak(version.etag):
        response.status_code = 304
        return response
    response.set_data(state.answers.get(version, request.full_path, lambda: compute().model_dump_json().encode()))
    return response


def _state() -> State:
    state: State = current_app.extensions["sentiment"]
    return state
