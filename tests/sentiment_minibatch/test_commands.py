"""The command line, in process, on a real database and a real store."""

import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from psycopg.conninfo import conninfo_to_dict

from common.cli import run
from common.storage import latest_publication, open_store
from sentiment_minibatch.cli import main
from sentiment_minibatch.commands import options
from sentiment_minibatch.export import PREFIX, SCHEMA
from sentiment_minibatch.load import load
from tests.sentiment_minibatch.oracle import START, delivery, minutes_of, recomputed, run_job

MINUTE = timedelta(minutes=1)
HOUR = ["--from", "2026-01-05T14:30", "--to", "2026-01-05T15:30"]


@pytest.fixture(autouse=True)
def _environment(url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("STORE_URI", str(tmp_path / "store"))


def succeed(*arguments: str) -> str:
    result = CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def fail(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    with pytest.raises(SystemExit) as exit_:
        run(main, arguments)
    return int(exit_.value.code or 0), capsys.readouterr().err


@pytest.fixture
def filled(connection: psycopg.Connection) -> psycopg.Connection:
    scores = [delivery(n, "AB"[n % 2], f"{n % 5 / 4 - 0.5}", START + timedelta(seconds=7 * n)) for n in range(100)]
    load(connection, scores, "test")
    run_job(connection)
    return connection


@pytest.mark.parametrize("suffix", ["csv", "ndjson", "parquet"])
@pytest.mark.parametrize("place", ["directory", "s3"])
def test_a_generated_file_loads_and_aggregates_from_anywhere(
    connection: psycopg.Connection, bucket: str, tmp_path: Path, suffix: str, place: str
) -> None:
    folder = str(tmp_path / "in") if place == "directory" else f"s3://{bucket}/in"
    shape = ["--messages", "500", "--minutes", "5", "--start", "2026-01-05T14:30", "--broken-share", "0.02"]
    succeed("generate", "--out", f"{folder}/one.{suffix}", *shape)
    succeed("generate", "--out", f"{folder}/two.{suffix}", *shape, "--seed", "2")
    assert f"two.{suffix}: " in succeed("load", folder)
    assert " 0 counted, " in succeed("load", f"{folder}/one.{suffix}")
    assert "minutes aggregated" in succeed("aggregate")
    assert minutes_of(connection) == recomputed(connection)
    assert connection.execute("SELECT count(*) > 0 FROM sentiment.rejected_score").fetchone() == (True,)


@pytest.mark.parametrize("suffix", ["csv", "ndjson"])
def test_every_kind_of_file_means_the_same(connection: psycopg.Connection, tmp_path: Path, suffix: str) -> None:
    shape = ["--messages", "300", "--minutes", "5", "--start", "2026-01-05T14:30"]
    for kind in ("parquet", suffix):
        succeed("generate", "--out", str(tmp_path / f"scores.{kind}"), *shape)
    succeed("load", str(tmp_path / "scores.parquet"))
    assert " 0 counted, " in succeed("load", str(tmp_path / f"scores.{suffix}"))


def test_ndjson_keeps_the_digits_that_were_written_and_survives_broken_lines(
    connection: psycopg.Connection, tmp_path: Path
) -> None:
    good = '{"message_id": 1, "symbol": "A", "score": 0.1234565, "created_at": "2026-01-05T14:30:00Z"}'
    null = '{"message_id": 2, "symbol": "A\\u0000", "score": 1, "created_at": "2026-01-05T14:30:00Z"}'
    (tmp_path / "scores.ndjson").write_text(f'{good}\n{{"half\n[1, 2]\n\n{null}\n', encoding="utf-8")
    assert "1 counted" in succeed("load", str(tmp_path / "scores.ndjson"))
    (micros,) = connection.execute("SELECT score_micros FROM sentiment.raw_score").fetchone() or ()
    assert micros == 123_457
    assert connection.execute("SELECT count(*) FROM sentiment.rejected_score").fetchone() == (3,)


def test_backfill_repairs_what_reconcile_finds(filled: psycopg.Connection, capsys: pytest.CaptureFixture[str]) -> None:
    assert "0 differ" in succeed("reconcile", *HOUR)
    before = minutes_of(filled)
    filled.execute("UPDATE sentiment.minute SET bullish_sum = bullish_sum + 1 WHERE symbol = 'A'")
    filled.execute("DELETE FROM sentiment.minute WHERE symbol = 'B' AND period_ending = %s", [START + MINUTE])
    code, error = fail(capsys, "reconcile", *HOUR)
    assert code == 65
    assert "`backfill` the range" in error
    assert "minutes aggregated" in succeed("backfill", *HOUR)
    assert "0 differ" in succeed("reconcile", *HOUR)
    assert minutes_of(filled) == before


def test_what_the_job_has_yet_to_do_is_no_difference(filled: psycopg.Connection) -> None:
    load(filled, [delivery(900, "A", "1", START)], "late")
    assert "0 differ" in succeed("reconcile", *HOUR)


def test_status_tells_what_is_pending(filled: psycopg.Connection) -> None:
    load(filled, [delivery(900, "A", "1", START), delivery(901, "", "1", START)], "late")
    status = json.loads(succeed("status", "--json"))
    assert (status["pending_minutes"], status["late_minutes_pending"], status["rejected_in_24_hours"]) == (1, 1, 1)
    assert "late minutes pending" in succeed("status")


def test_show_prints_the_index(connection: psycopg.Connection) -> None:
    assert "no minute has been aggregated yet" in succeed("show")
    now = datetime.now(UTC)
    load(connection, [delivery(n, "AAPL", "0.5", now - 2 * MINUTE) for n in range(9)], "test")
    run_job(connection)
    assert "AAPL" in succeed("show")


def test_prune_drops_old_days_keeps_the_minutes_and_refuses_what_comes_for_them(
    filled: psycopg.Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    recent = datetime.now(UTC) - timedelta(days=1)
    load(filled, [delivery(500, "A", "1", recent)], "recent")
    run_job(filled)
    before = minutes_of(filled)
    assert "1 days with 100 messages dropped" in succeed("prune", "--days", "7")
    assert filled.execute("SELECT count(*) FROM sentiment.raw_score").fetchone() == (1,)
    assert load(filled, [delivery(1, "A", "1", START)], "very late").rejected == 1
    run_job(filled)
    assert minutes_of(filled) == before
    for command in ("backfill", "reconcile"):
        code, error = fail(capsys, command, *HOUR)
        assert code == 65
        assert "have been pruned" in error
    assert "0 days" in succeed("prune", "--days", "7")


def test_prune_leaves_days_that_wait_to_be_aggregated(connection: psycopg.Connection) -> None:
    load(connection, [delivery(1, "A", "1", START)], "test")
    assert "0 days" in succeed("prune", "--days", "7")
    run_job(connection)
    load(connection, [delivery(2, "A", "1", START)], "late")
    assert "0 days" in succeed("prune", "--days", "7")


def test_export_publishes_the_minutes_as_parquet(filled: psycopg.Connection, tmp_path: Path) -> None:
    succeed("export", *HOUR)
    manifest = latest_publication(open_store(str(tmp_path / "store")), PREFIX)
    table = pq.read_table(tmp_path / "store" / PREFIX / manifest.files[0].key)
    rows = filled.execute("SELECT * FROM sentiment.minute_sentiment ORDER BY period_ending, symbol").fetchall()
    assert table.schema.equals(SCHEMA)
    assert [tuple(row.values()) for row in table.to_pylist()] == rows
    assert manifest.metadata["rows"] == len(rows)


def test_export_waits_until_the_range_is_aggregated(
    filled: psycopg.Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    filled.execute("UPDATE sentiment.progress SET aggregated_through = %s", [START + 5 * MINUTE])
    assert fail(capsys, "export", *HOUR)[0] == 65


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["load", "no/such/file.csv"], 66, "no/such/file.csv holds no .csv, .ndjson, .parquet file"),
        (["generate", "--out", "scores.xlsx"], 78, "its end should be one of"),
        (["generate"], 2, "give either --out or --live"),
        (["backfill", "--from", "soon", "--to", "later"], 2, "is no time"),
        (["backfill", "--from", "2026-01-02", "--to", "2026-01-01"], 2, "--from must lie before --to"),
        (["export", "--from", "2026-01-02"], 2, "give both"),
        (["export"], 65, "run `aggregate` first"),
        (["backfill", "--from", "0001-01-01T00:00+14:00", "--to", "2026-01-01"], 2, "is no time"),
        (["generate", "--live", "--rate", "-5"], 2, "is not in the range"),
        (["generate", "--live", "--rate", "nan"], 2, "is not a number"),
        (["generate", "--out", "a.csv", "--seed", "-1"], 2, "is not in the range"),
        (["generate", "--out", "a.csv", "--late-seconds", "1e300"], 2, "is not in the range"),
        (["serve", "--port", "99999"], 2, "is not in the range"),
        (["companies", "no/such.csv"], 66, "no/such.csv cannot be read"),
    ],
)
def test_a_mistake_gets_one_line_and_its_exit_code(
    capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, words: str
) -> None:
    exit_code, error = fail(capsys, *arguments)
    assert exit_code == code
    assert words in error.splitlines()[-1]


def test_a_file_that_is_not_what_its_name_says_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for name, content in (("a.csv", b"symbol,score\n"), ("a.parquet", b"PAR1 not"), ("a.ndjson", b"\xff\xfe{}")):
        (tmp_path / name).write_bytes(content)
        code, error = fail(capsys, "load", str(tmp_path / name))
        assert (code, len(error.splitlines())) == (65, 1)


def test_a_bad_file_is_set_aside_and_the_others_load(
    connection: psycopg.Connection, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    line = '{"message_id": %d, "symbol": "A", "score": 1, "created_at": "2026-01-05T14:30:00Z"}\n'
    for name, content in (("10/a.ndjson", line % 1), ("10/b.parquet", "PAR1 not"), ("11/a.ndjson", line % 2 + "{")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content, encoding="utf-8")
    code, error = fail(capsys, "load", str(tmp_path))
    assert code == 65
    assert error.startswith(f"error: 1 of 3 files set aside; {tmp_path}/10/b.parquet: it cannot be read as parquet")
    assert connection.execute("SELECT count(*) FROM sentiment.counted_message").fetchone() == (2,)
    assert connection.execute("SELECT source FROM sentiment.set_aside_file").fetchall() == [
        (str(tmp_path / "10/b.parquet"),)
    ]
    assert connection.execute("SELECT source, position FROM sentiment.rejected_score").fetchall() == [
        (str(tmp_path / "11/a.ndjson"), 2)
    ]
    assert json.loads(succeed("status", "--json"))["files_set_aside"] == 1
    succeed("generate", "--out", str(tmp_path / "10/b.parquet"), "--messages", "10")
    succeed("load", str(tmp_path))
    assert json.loads(succeed("status", "--json"))["files_set_aside"] == 0


def test_companies_get_names_all_or_none(
    connection: psycopg.Connection, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "companies.csv"
    file.write_text("symbol,name\n$tsla,Tesla\nBRK.B,Berkshire Hathaway\n", encoding="utf-8")
    assert succeed("companies", str(file)) == "2 tickers have a name\n"
    file.write_text("symbol,name\nF,Ford\n1,\n", encoding="utf-8")
    code, error = fail(capsys, "companies", str(file))
    assert (code, error) == (65, f"error: {file}, line 3: a ticker symbol and a name are expected\n")
    rows = connection.execute("SELECT symbol, name FROM sentiment.company ORDER BY symbol").fetchall()
    assert rows == [("BRK.B", "Berkshire Hathaway"), ("TSLA", "Tesla")]


def test_an_unreachable_database_is_one_line_and_worth_a_retry(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://user:secret@127.0.0.1:9/none")
    code, error = fail(capsys, "aggregate")
    assert (code, len(error.splitlines())) == (75, 1)
    assert "secret" not in error


def test_a_database_that_is_still_starting_is_waited_for_where_it_is_prepared(
    database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    server = Path(str(conninfo_to_dict(database_url)["host"]), ".s.PGSQL.5432")
    monkeypatch.setenv("DATABASE_URL", database_url.replace(str(server.parent), str(tmp_path)))
    threading.Timer(0.5, (tmp_path / server.name).symlink_to, [server]).start()
    assert "waiting up to 60 seconds" in succeed("migrate")


def test_it_is_not_waited_for_without_end(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(options, "_SECONDS_TO_START", 3)
    monkeypatch.setenv("DATABASE_URL", f"postgresql://user:secret@/none?host={tmp_path}")
    code, error = fail(capsys, "migrate")
    assert (code, len(error.splitlines())) == (75, 2)
    assert "secret" not in error
