from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from common.postgres import DatabaseUnavailableError, connect, database_url, describe


def test_with_database_url_set_nothing_embedded_is_touched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", "postgresql://somewhere/else")
    assert database_url() == "postgresql://somewhere/else"
    assert list(tmp_path.iterdir()) == []


def test_without_it_a_server_starts_keeps_its_data_and_stops_with_its_last_process(tmp_path: Path) -> None:
    program = """
from common.postgres import connect, database_url
with connect(database_url()) as connection:
    connection.execute("CREATE TABLE IF NOT EXISTS kept (n int)")
    connection.execute("INSERT INTO kept VALUES (1)")
    print(connection.execute("SELECT count(*) FROM kept").fetchone()[0], connection.info.server_version // 10_000)
"""
    environment = os.environ | {"PYTHONPATH": str(Path.cwd())}
    runs = [
        subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True)
        for _ in range(2)
    ]
    assert [run.stdout.split() for run in runs] == [["1", "18"], ["2", "18"]], runs
    assert (tmp_path / "var" / "postgres" / "PG_VERSION").exists()
    assert not (tmp_path / "var" / "postgres" / "postmaster.pid").exists()


def test_sessions_speak_utc(database_url: str) -> None:
    with connect(database_url) as connection:
        assert connection.execute("SHOW timezone").fetchone() == ("UTC",)


def test_an_unreachable_database_is_named_without_its_password() -> None:
    with pytest.raises(DatabaseUnavailableError, match=r"postgresql://127\.0\.0\.1:1/scores") as caught:
        connect("postgresql://user:hunter2@127.0.0.1:1/scores")
    assert caught.value.exit_code == 75
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://user:secret@db.example:5432/scores?sslmode=require", "postgresql://db.example:5432/scores"),
        ("postgresql://postgres:@/postgres?host=/tmp/socket", "postgresql://local socket/postgres"),
    ],
)
def test_an_address_is_shown_without_user_or_password(url: str, shown: str) -> None:
    assert describe(url) == shown


def test_the_database_of_a_test_is_its_own(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        tables = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
    assert tables == (0,)
