"""The web application: the page, the API behind it, and what Kubernetes and Prometheus ask."""

from __future__ import annotations

from flask import Response
from flask_openapi3.models.info import Info
from flask_openapi3.openapi import OpenAPI
from pydantic import ValidationError

from common.tracing import register_tracing
from common.version import code_version
from common.web import problem, register_compression, register_problem_handlers, register_security_headers
from sentiment_minibatch.serving.api import api
from sentiment_minibatch.serving.database import Database
from sentiment_minibatch.serving.models import Problem
from sentiment_minibatch.serving.pages import pages
from sentiment_minibatch.serving.state import State


def create_app(url: str, *, version_holds_seconds: float = 1.0) -> OpenAPI:
    """Return the application that reads the database at `url`, and looks for new minutes that often."""
    app = OpenAPI(
        __name__,
        info=Info(title="Sentiment index", version=code_version()),
        security_schemes={},
        doc_ui=False,
        validation_error_status=400,
        validation_error_model=Problem,
        validation_error_callback=_wrong_parameters,
    )
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = None  # revalidated: a release shows at once
    app.extensions["sentiment"] = State(Database(url, version_holds_seconds=version_holds_seconds))
    app.register_api(api)
    app.register_api(pages)
    register_tracing(app)
    register_problem_handlers(app)
    register_security_headers(app)
    register_compression(app)
    return app


def _wrong_parameters(error: ValidationError) -> Response:
    details = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
    return problem(400, "Bad Request", details)
