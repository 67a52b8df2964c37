from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from flask.testing import FlaskClient
from flask_openapi3.openapi import OpenAPI

from sentiment_minibatch.generator import StreamSettings, deliveries
from sentiment_minibatch.load import load
from sentiment_minibatch.serving.app import create_app
from tests.sentiment_minibatch.oracle import run_job


@pytest.fixture
def this_minute() -> datetime:
    return datetime.now(UTC).replace(second=0, microsecond=0)


@pytest.fixture
def filled(connection: psycopg.Connection, this_minute: datetime) -> psycopg.Connection:
    """An hour and a half of 30 tickers up to this minute, aggregated."""
    start = this_minute - timedelta(minutes=90)
    load(connection, deliveries(StreamSettings(start=start, minutes=90, messages=3_000, symbols=30)), "stream")
    run_job(connection)
    return connection


@pytest.fixture
def app(url: str) -> Iterator[OpenAPI]:
    app = create_app(url, version_holds_seconds=0)
    app.testing = True
    yield app
    app.extensions["sentiment"].database.close()


@pytest.fixture
def client(app: OpenAPI) -> FlaskClient:
    return app.test_client()
