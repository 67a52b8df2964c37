"""The three users of the database, on a PostgreSQL as strict as RDS: TLS, tokens that expire, rotated secrets."""

from __future__ import annotations

import atexit
import json
import shutil
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import boto3
import psycopg
import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from common import database_credentials
from common.errors import ConfigurationError
from common.postgres import DatabaseUnavailableError, connect, embedded_database_url
from sentiment_minibatch.cli import main
from sentiment_minibatch.serving.app import create_app
from tests.aws.rds import MASTER, Rds, rds
from tests.sentiment_minibatch.scoring.models import small_model

DATABASE = "trader_network"


@pytest.fixture(scope="module")
def server() -> str:
    """A PostgreSQL of this module's own: users belong to a whole server."""
    directory = tempfile.mkdtemp(prefix="test-rds-")
    atexit.register(shutil.rmtree, directory, ignore_errors=True)  # runs after the server's own end
    return embedded_database_url(Path(directory, "data"))


@pytest.fixture
def secret(aws: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A secret as RDS makes one for the master, and clients that are new in every test."""
    database_credentials._client.cache_clear()
    held = json.dumps({"username": MASTER, "password": "first"})
    arn: str = boto3.client("secretsmanager").create_secret(Name=f"rds!db-{uuid.uuid4()}", SecretString=held)["ARN"]
    return arn


@pytest.fixture
def instance(server: str, secret: str, tmp_path: Path) -> Iterator[Rds]:
    """An empty database that belongs to a master who may make users and is no superuser, as RDS' is."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        for user in ("sentiment_owner", "sentiment_job", "sentiment_page", "rds_iam", MASTER):
            connection.execute(f"DROP ROLE IF EXISTS {user}")
        connection.execute(f"CREATE ROLE {MASTER} LOGIN CREATEROLE CREATEDB")
        connection.execute(f"CREATE ROLE rds_iam; GRANT rds_iam TO {MASTER} WITH ADMIN OPTION")
        connection.execute(f"CREATE DATABASE {DATABASE} OWNER {MASTER}")

    def password() -> str:
        value = boto3.client("secretsmanager").get_secret_value(SecretId=secret)["SecretString"]
        return str(json.loads(value)["password"])

    with rds(tmp_path, Path(parse_qs(urlsplit(server).query)["host"][0]), password) as serving:
        yield serving


def run(instance: Rds, user: str, *command: str, credentials: str = "iam") -> str:
    environment = {"DATABASE_URL": instance.url(user, DATABASE), "DATABASE_CREDENTIALS": credentials}
    done = CliRunner().invoke(main, command, env=environment)
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.output


@contextmanager
def page(instance: Rds, user: str) -> Iterator[FlaskClient]:
    """The page as this user, by the credentials of the environment."""
    app = create_app(instance.url(user, DATABASE))
    try:
        yield app.test_client()
    finally:
        app.extensions["sentiment"].database.close()


@pytest.fixture
def migrated(instance: Rds, secret: str) -> Rds:
    run(instance, MASTER, "create-roles", credentials=secret)
    assert "applied 0001_tables.sql" in run(instance, "sentiment_owner", "migrate")
    return instance


def test_each_user_does_its_own_work_and_nobody_but_the_first_step_is_the_master(migrated: Rds, tmp_path: Path) -> None:
    scores = tmp_path / "scores.ndjson"
    run(migrated, "sentiment_job", "generate", "--out", str(scores), "--messages", "500", "--symbols", "5")
    assert "500 counted" in run(migrated, "sentiment_job", "load", str(scores))
    assert "minutes aggregated" in run(migrated, "sentiment_job", "aggregate")
    assert "raw scores are kept" in run(migrated, "sentiment_owner", "prune", "--days", "1")
    assert "up to date" in run(migrated, "sentiment_owner", "migrate")
    assert [login for login in migrated.logins if login[0] == MASTER] == [(MASTER, "secret")]
    assert {how for user, how in migrated.logins if user != MASTER} == {"token"}


def test_messages_are_scored_as_the_job_and_shown_as_the_page(
    migrated: Rds, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    messages, another = tmp_path / "messages.ndjson", tmp_path / "model.json"
    run(migrated, "sentiment_job", "generate", "--words", "--out", str(messages), "--messages", "300", "--symbols", "5")
    run(migrated, "sentiment_job", "load-messages", str(messages))
    assert "by scorer" in run(migrated, "sentiment_job", "score-messages")
    run(migrated, "sentiment_job", "aggregate")
    another.write_text(json.dumps(small_model()))
    run(migrated, "sentiment_job", "rescore", "--scorer", str(tmp_path))
    run(migrated, "sentiment_job", "aggregate")
    monkeypatch.setenv("DATABASE_CREDENTIALS", "iam")
    with page(migrated, "sentiment_page") as client:
        shown = client.get("/api/v1/index").json
        assert shown is not None
        symbol = shown["symbols"][0]["symbol"]
        for path in (
            "/",
            "/readyz",
            "/metrics",
            "/api/v1/market",
            f"/api/v1/index/{symbol}",
            f"/api/v1/messages/{symbol}",
        ):
            assert client.get(path).status_code == 200, path
    assert "raw scores are kept" in run(migrated, "sentiment_owner", "prune", "--days", "1", "--text-days", "1")


def test_making_the_users_again_changes_nothing_and_takes_over_what_another_user_made(
    instance: Rds, secret: str
) -> None:
    run(instance, MASTER, "migrate", credentials=secret)
    for _ in range(2):
        run(instance, MASTER, "create-roles", credentials=secret)
    assert "up to date" in run(instance, "sentiment_owner", "migrate")
    assert "remain" in run(instance, "sentiment_job", "aggregate")


@pytest.mark.parametrize(
    ("user", "statement"),
    [
        ("sentiment_page", "DELETE FROM sentiment.minute"),
        ("sentiment_page", "SELECT sentiment.ensure_partitions(ARRAY[date '2026-01-05'])"),
        ("sentiment_job", "DROP TABLE sentiment.minute"),
        ("sentiment_job", "CREATE TABLE sentiment.mine (n int)"),
        ("sentiment_job", "DELETE FROM sentiment.migration"),
        ("sentiment_owner", "CREATE ROLE another"),
    ],
)
def test_what_is_not_ones_work_is_refused(
    migrated: Rds, monkeypatch: pytest.MonkeyPatch, user: str, statement: str
) -> None:
    monkeypatch.setenv("DATABASE_CREDENTIALS", "iam")
    with (
        connect(migrated.url(user, DATABASE), autocommit=True) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(statement)


def test_the_page_goes_on_when_the_password_is_rotated(
    migrated: Rds, secret: str, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with the master's secret, every seven days: UserGuide/rds-secrets-manager.html.

    The connection that it keeps goes on; when that breaks off, the next one brings the new password.
    """
    monkeypatch.setenv("DATABASE_CREDENTIALS", secret)
    with page(migrated, MASTER) as client:
        assert client.get("/readyz").status_code == 200
        rotated = json.dumps({"username": MASTER, "password": "second"})
        boto3.client("secretsmanager").put_secret_value(SecretId=secret, SecretString=rotated)
        assert client.get("/readyz").status_code == 200
        logins = migrated.logins.count((MASTER, "secret"))
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [DATABASE])
        assert client.get("/readyz").status_code == 200
        assert migrated.logins.count((MASTER, "secret")) == logins + 1


def test_an_expired_token_is_refused_and_every_connection_brings_a_new_one(
    migrated: Rds, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = migrated.url("sentiment_page", DATABASE)
    monkeypatch.setenv("DATABASE_CREDENTIALS", "iam")
    connect(url).close()
    token = database_credentials.credentials(url)["password"]
    migrated.clock = (datetime.now(UTC) + timedelta(minutes=16)).timestamp
    with pytest.raises(psycopg.OperationalError, match="authentication failed"):
        psycopg.connect(url, password=token)
    migrated.clock = time.time
    connect(url).close()


def test_credentials_that_have_expired_are_renewed_by_the_next_connection(
    migrated: Rds, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A pod's credentials come from an agent and last hours; here a process gives them, the first for two minutes."""
    count = tmp_path / "count"
    soon = f"{datetime.now(UTC) + timedelta(minutes=2):%Y-%m-%dT%H:%M:%SZ}"
    provider = tmp_path / "provider"
    answer = {"Version": 1, "AccessKeyId": "AKIA", "SecretAccessKey": "s", "SessionToken": "t", "Expiration": soon}
    fresh = json.dumps(answer | {"Expiration": "2099-01-01T00:00:00Z", "AccessKeyId": "SECOND"})
    provider.write_text(
        f"#!/bin/sh\nif [ -e {count} ]; then echo '{fresh}'; else touch {count}; echo '{json.dumps(answer)}'; fi\n"
    )
    provider.chmod(0o755)
    configuration = tmp_path / "config"
    configuration.write_text(f"[default]\ncredential_process = {provider}\n")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(configuration))
    database_credentials._client.cache_clear()
    monkeypatch.setenv("DATABASE_CREDENTIALS", "iam")
    connect(migrated.url("sentiment_page", DATABASE)).close()
    assert "SECOND" in database_credentials.credentials(migrated.url("sentiment_page", DATABASE))["password"]


def test_nobody_is_trusted_whom_the_authority_does_not_vouch_for(
    migrated: Rds, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory, server: str
) -> None:
    monkeypatch.setenv("DATABASE_CREDENTIALS", "iam")
    another = tmp_path_factory.mktemp("another")
    with (
        rds(another, Path("/nonexistent"), lambda: ""),
        pytest.raises(DatabaseUnavailableError, match="SSL error"),
    ):
        connect(migrated.url("sentiment_page", DATABASE, certificates=another / "ca.pem"))
    with pytest.raises(DatabaseUnavailableError, match="does not match host name"):
        connect(migrated.url("sentiment_page", DATABASE, host="127.0.0.1"))
    plain = migrated.url("sentiment_page", DATABASE).partition("?")[0]
    with pytest.raises(DatabaseUnavailableError, match="no encryption"):
        connect(f"{plain}?sslmode=disable")


def test_iam_without_a_host_to_be_for_is_a_wrong_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_CREDENTIALS", "iam")
    with pytest.raises(ConfigurationError, match="must name a user and a host"):
        connect("postgresql:///scores")
