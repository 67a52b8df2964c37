from collections.abc import Callable

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


@pytest.mark.parametrize("step", [migrate, check_schema])
def test_a_database_in_another_encoding_is_refused_in_words(
    database_url: str, step: Callable[[psycopg.Connection], object]
) -> None:
    ascii_url = database_url.replace("/test_", "/ascii_test_")
    name = ascii_url.partition("?")[0].rpartition("/")[2]
    with psycopg.connect(database_url, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name} ENCODING 'SQL_ASCII' TEMPLATE template0 LOCALE 'C'".encode())
        with psycopg.connect(ascii_url, autocommit=True) as connection, pytest.raises(ConfigurationError) as error:
            step(connection)
        server.execute(f"DROP DATABASE {name}".encode())
    assert str(error.value).startswith("the database's encoding is SQL_ASCII; UTF8 is needed")


def test_hours_are_made_of_the_minutes_that_there_were(database_url: str) -> None:
    """A database of an earlier version, brought up to date."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        old = [file for file in migration_files() if file.name < "0009"]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(schema, "migration_files", lambda: old)
            migrate(connection)
        connection.execute(
            "INSERT INTO sentiment.minute (period_ending, bullish_sum, bearish_sum, bullish_count, bearish_count,"
            " neutral_count, symbol) VALUES ('2026-01-05T14:31Z', 500000, 0, 1, 0, 0, 'A')"
        )
        connection.execute("UPDATE sentiment.progress SET aggregated_through = '2026-01-05T15:10Z'")
        migrate(connection)
        rows = connection.execute("SELECT symbol, bullish, bullish_count, recent_opinions FROM sentiment.hour")
        assert rows.fetchall() == [("A", 500_000 * 0.5 ** (29 / 15), 1, 1)]
