import psycopg
import pytest

from common.errors import ConfigurationError, DataError
from sentiment_minibatch import schema
from sentiment_minibatch.schema import check_schema, migrate, migration_files, missing_migrations


def test_migrations_apply_once_and_in_order(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        names = [file.name for file in migration_files()]
        assert missing_migrations(connection) == names
        assert migrate(connection) == names
        assert migrate(connection) == []
        check_schema(connection)


def test_a_database_that_is_behind_is_told_what_to_do(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection, pytest.raises(ConfigurationError) as error:
        check_schema(connection)
    assert "run `python -m sentiment_minibatch migrate` first" in str(error.value)


def test_a_migration_that_was_applied_may_not_change(connection: psycopg.Connection) -> None:
    connection.execute("UPDATE sentiment.migration SET sha256 = 'other' WHERE name LIKE '0001%'")
    with pytest.raises(DataError, match=r"0001_tables\.sql has changed"):
        migrate(connection)


def test_an_old_server_is_refused(connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "SMALLEST_SERVER_VERSION", 990_000)
    with pytest.raises(ConfigurationError, match="PostgreSQL 99 or newer"):
        migrate(connection)
