"""A database that goes away may come back (75); one that lacks a table will not have it the next time either (65)."""

from __future__ import annotations

import threading
from contextlib import contextmanager

import psycopg
import pyarrow.parquet as pq
import pytest

from common.errors import ConfigurationError, DataError
from common.postgres import DatabaseUnavailableError
from recs_batch.postgres import copy_tables

COLUMNS = {"small": ("id",), "large": ("id", "word")}


@pytest.fixture
def database(database_url):
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE small AS SELECT 1::bigint AS id")
        connection.execute(
            "CREATE TABLE large AS SELECT g AS id, repeat('x', 200) AS word FROM generate_series(1, 1000000) g"
        )
    return database_url


@contextmanager
def meanwhile(url, statement):
    """Do something to every session of this database that reads the large table, as soon as there is one."""

    def act():
        with psycopg.connect(url, autocommit=True) as connection:
            while not done.wait(0.01):
                connection.execute(
                    f"SELECT {statement}(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid() AND query ~ 'large'"
                )

    done = threading.Event()
    thread = threading.Thread(target=act)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


@pytest.mark.parametrize("statement", ["pg_terminate_backend", "pg_cancel_backend"])
def test_a_session_that_is_ended_in_mid_copy_is_worth_another_try(database, tmp_path, statement):
    with meanwhile(database, statement), pytest.raises(DatabaseUnavailableError, match="large") as error:
        copy_tables(database, COLUMNS, tmp_path, 5)
    assert error.value.exit_code == 75


def test_a_locked_table_is_waited_for_only_so_long_and_named(database, tmp_path):
    with psycopg.connect(database) as other:
        other.execute("LOCK TABLE large IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(DatabaseUnavailableError, match=r"large .* locked .* 0\.2 s .*RECS_LOCK_TIMEOUT_SECONDS"):
            copy_tables(database, COLUMNS, tmp_path, 0.2)


@pytest.mark.parametrize("columns", [{"small": ("nope",)}, {"nowhere": ("id",)}])
def test_what_is_not_there_is_unfit_input(database, tmp_path, columns):
    with pytest.raises(DataError, match="nope|nowhere"):
        copy_tables(database, columns, tmp_path, 5)


def test_what_may_not_be_read_is_a_wrong_setting(database, tmp_path):
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("DO $$ BEGIN CREATE ROLE nobody_here LOGIN; EXCEPTION WHEN duplicate_object THEN END $$")
    url = database.replace("postgres:@", "nobody_here:@")
    assert url != database, database
    with pytest.raises(ConfigurationError, match="small"):
        copy_tables(url, COLUMNS, tmp_path, 5)


def test_all_tables_are_as_one_moment_saw_them(database, tmp_path):
    copy_tables(database, COLUMNS, tmp_path, 5)
    assert pq.read_table(tmp_path / "small.parquet").to_pylist() == [{"id": 1}]
    assert pq.read_metadata(tmp_path / "large.parquet").num_rows == 1_000_000
