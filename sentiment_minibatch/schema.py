"""The database's schema, as numbered SQL files that are applied once each, in order."""

from __future__ import annotations

import hashlib
from importlib import resources
from importlib.resources.abc import Traversable

import psycopg

from common.errors import ConfigurationError, DataError

SMALLEST_SERVER_VERSION = 180000  # RETURNING old and new
_MIGRATION_LOCK = 7_031_001

_BOOKKEEPING = """
CREATE SCHEMA IF NOT EXISTS sentiment;
CREATE TABLE IF NOT EXISTS sentiment.migration (
    name       text        NOT NULL PRIMARY KEY,
    sha256     text        NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)
"""


class OldSchemaError(ConfigurationError):
    """The database lacks migrations that this release needs; `migrate` applies them."""


def migrate(connection: psycopg.Connection) -> list[str]:
    """Apply the migrations that are missing, all in one transaction, and return their names.

    Raises `DataError` if a migration that was applied has changed since, `ConfigurationError` if the
    server is too old or the database not in UTF-8.
    """
    _check_server(connection)
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [_MIGRATION_LOCK])
        connection.execute(_BOOKKEEPING)
        applied: dict[str, str] = dict(connection.execute("SELECT name, sha256 FROM sentiment.migration").fetchall())
        new = [file.name for file in migration_files() if _apply(connection, file, applied)]
        connection.execute(statement("grants"))
    return new


def create_roles(connection: psycopg.Connection) -> None:
    """Make the three users of the database (`sql/create_roles.sql`); the connection is the master's."""
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [_MIGRATION_LOCK])
        connection.execute(statement("create_roles"))


def check_schema(connection: psycopg.Connection) -> None:
    """Raise `ConfigurationError` unless the encoding is right, `OldSchemaError` unless every migration was applied."""
    check_encoding(connection)
    if missing := missing_migrations(connection):
        raise OldSchemaError(
            f"the database lacks {', '.join(missing)}; run `python -m sentiment_minibatch migrate` first"
        )


def missing_migrations(connection: psycopg.Connection) -> list[str]:
    """Return the names of the migrations that have not been applied."""
    table = connection.execute("SELECT to_regclass('sentiment.migration')").fetchone()
    if table is None or table[0] is None:
        return [file.name for file in migration_files()]
    applied = {name for (name,) in connection.execute("SELECT name FROM sentiment.migration")}
    return [file.name for file in migration_files() if file.name not in applied]


def migration_files() -> list[Traversable]:
    """Return the SQL files of the migrations in the order in which they apply."""
    files = resources.files("sentiment_minibatch").joinpath("migrations").iterdir()
    return sorted((file for file in files if file.name.endswith(".sql")), key=lambda file: file.name)


def statement(name: str) -> bytes:
    """Return the text of a statement in `sentiment_minibatch/sql`."""
    return resources.files("sentiment_minibatch").joinpath("sql", f"{name}.sql").read_bytes()


def _apply(connection: psycopg.Connection, file: Traversable, applied: dict[str, str]) -> bool:
    text = file.read_bytes()
    sha256 = hashlib.sha256(text).hexdigest()
    if file.name in applied:
        if applied[file.name] != sha256:
            raise DataError(f"{file.name} has changed since it was applied; restore it and add a new migration")
        return False
    connection.execute(text)
    connection.execute("INSERT INTO sentiment.migration (name, sha256) VALUES (%s, %s)", [file.name, sha256])
    return True


def check_encoding(connection: psycopg.Connection) -> None:
    """Raise `ConfigurationError` unless the database keeps its text in UTF-8."""
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise ConfigurationError(
            f"the database's encoding is {encoding}; UTF8 is needed: "
            f"CREATE DATABASE {connection.info.dbname} ENCODING 'UTF8' TEMPLATE template0"
        )


def _check_server(connection: psycopg.Connection) -> None:
    check_encoding(connection)
    if connection.info.server_version < SMALLEST_SERVER_VERSION:
        raise ConfigurationError(
            f"PostgreSQL {SMALLEST_SERVER_VERSION // 10000} or newer is needed; "
            f"the server is {connection.info.parameter_status('server_version')}"
        )
