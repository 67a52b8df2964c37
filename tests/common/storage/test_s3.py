"""What only a network can get wrong: throttling, failures, missing buckets, missing rights, dropped connections."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import botocore.retries.standard
import pytest
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server
from werkzeug.wrappers import Response

from common.errors import ApplicationError
from common.storage import (
    AccessDeniedError,
    ConflictError,
    ObjectNotFoundError,
    StorageUnavailableError,
    open_store,
)


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries as many as ever, without the seconds between them."""
    monkeypatch.setattr(botocore.retries.standard.ExponentialBackoff, "delay_amount", lambda *_: 0.0)


class FaultyS3:
    """An S3 over HTTP, on the data of the fixture `aws`, that answers its next `failures` requests with an error."""

    def __init__(self) -> None:
        self.failures, self.status, self.code = 0, 503, "SlowDown"
        self.requests = 0
        self._moto = DomainDispatcherApplication(create_backend_app)
        self.server = make_server("127.0.0.1", 0, self, threaded=True)
        self.url = f"http://127.0.0.1:{self.server.port}"

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        self.requests += 1
        if self.failures:
            self.failures -= 1
            body = f"<Error><Code>{self.code}</Code><Message>injected</Message></Error>"
            return Response(body, self.status, content_type="application/xml")(environ, start_response)
        return self._moto(environ, start_response)


@pytest.fixture
def faulty_s3(aws: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyS3]:
    faulty = FaultyS3()
    thread = threading.Thread(target=faulty.server.serve_forever)
    thread.start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", faulty.url)
    yield faulty
    faulty.server.shutdown()
    thread.join()


@pytest.mark.parametrize(
    ("status", "code"), [(503, "SlowDown"), (500, "InternalError"), (502, ""), (429, "Throttling")]
)
def test_throttling_and_failures_are_retried(bucket: str, faulty_s3: FaultyS3, status: int, code: str) -> None:
    store = open_store(f"s3://{bucket}")
    faulty_s3.status, faulty_s3.code, faulty_s3.failures = status, code, 3
    store.put("key", b"body")
    faulty_s3.failures = 3
    assert store.get("key") == b"body"
    assert faulty_s3.requests == 8


@pytest.mark.parametrize(("status", "code"), [(503, "SlowDown"), (500, "InternalError")])
def test_a_failure_that_lasts_is_a_typed_error_with_the_uri(
    bucket: str, faulty_s3: FaultyS3, status: int, code: str
) -> None:
    store = open_store(f"s3://{bucket}/prefix")
    faulty_s3.status, faulty_s3.code, faulty_s3.failures = status, code, 1_000
    for operation in (
        lambda: store.get("key"),
        lambda: store.put("key", b""),
        lambda: store.create("key", b""),
        lambda: store.swap("key", b"", None),
        lambda: list(store.list()),
        lambda: store.exists("key"),
        lambda: store.delete("key"),
    ):
        with pytest.raises(StorageUnavailableError, match=f"s3://{bucket}/prefix") as caught:
            operation()
        assert caught.value.exit_code == 75


@pytest.mark.parametrize(
    ("status", "code"), [(409, "ConditionalRequestConflict"), (412, "PreconditionFailed"), (409, "")]
)
def test_a_write_that_another_writer_was_ahead_of_is_a_conflict(
    bucket: str, faulty_s3: FaultyS3, status: int, code: str
) -> None:
    store = open_store(f"s3://{bucket}/x")
    for write in (lambda: store.create("key", b"1"), lambda: store.swap("key", b"1", None)):
        faulty_s3.failures, faulty_s3.status, faulty_s3.code = 1, status, code
        with pytest.raises(ConflictError):
            write()


def test_a_large_upload_that_fails_leaves_no_parts_behind(aws: str, bucket: str, tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(bytes(40 << 20))
    store = open_store(f"s3://{bucket}")
    store.create("taken", b"")
    with pytest.raises(ConflictError):
        store.create("taken", tmp_path / "large")
    client = boto3.session.Session().client("s3", endpoint_url=aws)
    assert client.list_multipart_uploads(Bucket=bucket).get("Uploads", []) == []


def test_a_server_that_is_not_there_is_a_typed_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with _unused_port() as port:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
        with pytest.raises(StorageUnavailableError, match="s3://bucket/key"):
            open_store("s3://bucket").get("key")


def test_a_missing_bucket_is_named(aws: str) -> None:
    with pytest.raises(ObjectNotFoundError, match=r"s3://no-such-bucket-here.*no such bucket"):
        open_store("s3://no-such-bucket-here").get("key")
    with pytest.raises(ObjectNotFoundError, match="no such bucket"):
        list(open_store("s3://no-such-bucket-here").list())


def test_a_refusal_is_a_typed_error_that_is_not_retried(bucket: str, faulty_s3: FaultyS3) -> None:
    faulty_s3.status, faulty_s3.code, faulty_s3.failures = 403, "AccessDenied", 1
    with pytest.raises(AccessDeniedError, match="injected"):
        open_store(f"s3://{bucket}").get("key")
    assert faulty_s3.requests == 1


def test_missing_credentials_say_what_to_set(aws: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(variable)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(AccessDeniedError, match="AWS_ACCESS_KEY_ID") as caught:
        open_store("s3://bucket").get("key")
    assert isinstance(caught.value, ApplicationError)


@contextmanager
def _unused_port() -> Iterator[int]:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]
