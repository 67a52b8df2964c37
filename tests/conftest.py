"""Servers that tests of every package use: S3 (and the rest of AWS) over HTTP, and PostgreSQL."""

from __future__ import annotations

import atexit
import os
import shutil
import socket
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import boto3
import psycopg
import pytest
from moto.server import ThreadedMotoServer

from common.postgres import embedded_database_url
from tests.aws import calls, roles

# Not one test may reach a real account, whatever the developer's shell has set.
os.environ.update(
    AWS_ACCESS_KEY_ID="testing",
    AWS_SECRET_ACCESS_KEY="testing",
    AWS_DEFAULT_REGION="us-east-1",
    AWS_REGION="us-east-1",
    AWS_EC2_METADATA_DISABLED="true",
    BOTOCORE_EXPERIMENTAL__PLUGINS="components=tests.aws.components",  # each client says whose it is
)
for variable in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "DATABASE_URL", "STORE_URI"):
    os.environ.pop(variable, None)


# One server for all the workers of a run, or of the runs of whoever sets this, and not under pytest's own folder:
# another run would close that to its user.
_POSTGRES_DIRECTORY = "TEST_POSTGRES_DIRECTORY"


def pytest_configure() -> None:
    calls.listen()
    if _POSTGRES_DIRECTORY not in os.environ:
        directory = tempfile.mkdtemp(prefix="test-postgres-")
        os.environ[_POSTGRES_DIRECTORY] = f"{directory}/data"
        # Registered before the server's own end, so it runs after that.
        atexit.register(shutil.rmtree, directory, ignore_errors=True)


@pytest.fixture(scope="session")
def _moto_server() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(autouse=True)
def _only_what_the_roles_allow() -> Iterator[None]:
    """Whatever a test is about: a call to AWS that a component's role does not allow fails it."""
    with calls.recorded() as made:
        yield
    assert roles.refused(made) == [], "on AWS these would be refused"


@pytest.fixture
def aws(_moto_server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of an AWS that speaks HTTP (moto); boto3 clients made in the test talk to it."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", _moto_server)
    return _moto_server


@pytest.fixture
def bucket(aws: str) -> str:
    """The name of a new, empty bucket."""
    name = f"bucket-{uuid.uuid4().hex}"
    boto3.session.Session().client("s3", endpoint_url=aws).create_bucket(Bucket=name)
    return name


@pytest.fixture
def free_port() -> int:
    """A port of the loopback that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
    return port


@pytest.fixture(scope="session")
def _postgres_server() -> str:
    return embedded_database_url(Path(os.environ[_POSTGRES_DIRECTORY]))


@pytest.fixture
def database_url(_postgres_server: str) -> Iterator[str]:
    """The address of a new, empty database on a real PostgreSQL."""
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(_postgres_server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield _postgres_server.replace("/postgres?", f"/{name}?")
    with psycopg.connect(_postgres_server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
