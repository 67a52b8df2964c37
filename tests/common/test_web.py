from __future__ import annotations

import gzip
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest
from flask import Flask, abort
from flask.testing import FlaskClient

from common.errors import ConfigurationError, DataError, UnavailableError
from common.web import (
    problem,
    register_compression,
    register_problem_handlers,
    register_security_headers,
    serve,
)

SERVER = """
import sys, time
from flask import Flask
from common.web import serve

def create_app():
    app = Flask("example")

    @app.get("/slow")
    def slow():
        time.sleep(1)
        return "done"

    @app.get("/")
    def root():
        return "up"

    return app

serve(create_app, "127.0.0.1", int(sys.argv[1]), workers=1)
"""


@pytest.fixture
def client() -> FlaskClient:
    app = Flask("example")
    register_problem_handlers(app)

    @app.get("/unavailable")
    def unavailable() -> str:
        raise UnavailableError("the database is away")

    @app.get("/bad")
    def bad() -> str:
        raise DataError("no rows")

    @app.get("/defect")
    def defect() -> str:
        raise ZeroDivisionError("secret detail")

    @app.get("/teapot")
    def teapot() -> str:
        abort(418)

    @app.get("/own")
    def own() -> object:
        return problem(422, "Too many pixels", "20000 x 20000", limit=16)

    return app.test_client()


@pytest.mark.parametrize(
    ("path", "status", "detail"),
    [
        ("/unavailable", 503, "the database is away"),
        ("/bad", 500, "no rows"),
        ("/defect", 500, "an unexpected error; the log has it"),
        ("/nothing", 404, "not found"),
        ("/teapot", 418, "teapot"),
        ("/own", 422, "20000 x 20000"),
    ],
)
def test_every_error_is_a_problem_document(client: FlaskClient, path: str, status: int, detail: str) -> None:
    response = client.get(path)
    assert response.status_code == status
    assert response.content_type == "application/problem+json"
    assert response.json
    assert response.json["status"] == status
    assert detail in response.json["detail"]
    assert "secret" not in response.text


def test_a_wrong_method_says_which_are_allowed(client: FlaskClient) -> None:
    response = client.post("/own")
    assert response.status_code == 405
    assert "GET" in response.headers["Allow"]


@pytest.fixture
def port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def test_a_port_in_use_is_one_clear_line(port: int) -> None:
    with pytest.raises(ConfigurationError, match=f"port {port} on 127.0.0.1 is in use; choose another with --port"):
        serve(lambda: Flask("example"), "127.0.0.1", port, workers=1)


def test_an_address_that_is_not_ours_is_one_clear_line() -> None:
    with pytest.raises(ConfigurationError, match="cannot listen on 192.0.2.1:80"):
        serve(lambda: Flask("example"), "192.0.2.1", 80, workers=1)


def test_sigterm_finishes_what_is_in_flight(free_port: int) -> None:
    environment = os.environ | {"PYTHONPATH": str(Path.cwd())}
    with subprocess.Popen([sys.executable, "-c", SERVER, str(free_port)], env=environment) as server:
        _wait_until_up(free_port)
        connection = HTTPConnection("127.0.0.1", free_port)
        connection.request("GET", "/slow")
        time.sleep(0.3)  # let the request reach the worker
        server.send_signal(signal.SIGTERM)
        assert connection.getresponse().read() == b"done"
        connection.close()
        assert server.wait(timeout=30) == 0


def _wait_until_up(port: int) -> None:
    for _ in range(200):
        connection = HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/")
            assert connection.getresponse().read() == b"up"
        except OSError:
            time.sleep(0.1)
        else:
            return
        finally:
            connection.close()
    raise AssertionError("the server did not come up")


def test_every_answer_has_safe_headers_and_long_text_is_compressed_for_whoever_takes_that() -> None:
    app = Flask("example")
    register_problem_handlers(app)
    register_security_headers(app)
    register_compression(app)
    app.add_url_rule("/long", "long", lambda: "word " * 1_000)
    app.add_url_rule("/short", "short", lambda: "word")
    client = app.test_client()
    packed = client.get("/long", headers={"Accept-Encoding": "gzip, br"})
    assert (packed.content_encoding, gzip.decompress(packed.data)) == ("gzip", b"word " * 1_000)
    for address, encodings in (("/long", ""), ("/long", "gzip;q=0"), ("/short", "gzip"), ("/nowhere", "gzip")):
        plain = client.get(address, headers={"Accept-Encoding": encodings})
        assert plain.content_encoding is None
        assert plain.headers["Vary"] == "Accept-Encoding"
        assert plain.headers["X-Content-Type-Options"] == "nosniff"
        assert "frame-ancestors 'none'" in plain.headers["Content-Security-Policy"]


def test_a_file_is_compressed_too_and_its_tag_says_that_the_text_is_meant_and_not_the_bytes(tmp_path: Path) -> None:
    (tmp_path / "page.js").write_text("word " * 1_000)
    app = Flask("example", static_folder=str(tmp_path), static_url_path="/static")
    register_compression(app)
    client = app.test_client()
    with (
        client.get("/static/page.js") as plain,
        client.get("/static/page.js", headers={"Accept-Encoding": "gzip"}) as packed,
    ):
        assert (packed.content_encoding, gzip.decompress(packed.data)) == ("gzip", plain.data)
        assert (packed.get_etag(), plain.get_etag()) == ((plain.get_etag()[0], True), (plain.get_etag()[0], False))
        assert packed.content_length == len(packed.data) < len(plain.data)
