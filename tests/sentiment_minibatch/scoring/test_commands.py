"""The commands as people run them: files of every kind in and out, and one clear reason for what has no score."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import boto3
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from common.cli import run as program
from sentiment_minibatch.cli import main
from sentiment_minibatch.deliveries import read_deliveries
from sentiment_minibatch.scoring.artifact import shipped_scorer

FIELDS = ("message_id", "created_at", "text", "label")
ROWS = [
    ("1", "2026-01-05T14:30:00Z", "$TSLA to the moon", ""),
    ("2", "2026-01-05T14:30:01Z", '$TSLA $AMD crash,\n"puts"', "Bullish"),
    ("3", "2026-01-05T14:30:02Z", "nothing to see", None),
    ("4", "2026-01-05T14:30:03Z", "$F " + "x" * 20_000, None),
    ("5", "2026-01-05T14:30:04Z", " ".join(f"$A{number}" for number in range(1_000)), None),
    ("six", "2026-01-05T14:30:05Z", "$F up", None),
    ("7", "yesterday", "$F up", None),
    ("8", "2026-01-05T14:30:07Z", None, None),
    ("9", "2026-01-05T14:30:08Z", "$F \0\x1b[2J\u202eup\u202c", ""),
]
REASONS = (
    "text names no ticker",
    "text has more than 10,000 characters",
    "text names more than 50 tickers",
    "message_id is no whole number of at most 18 digits",
    "created_at is no RFC 3339 time of the years 2000 to 2099",
)


def write(path: Path) -> None:
    if path.suffix == ".csv":
        with path.open("w", newline="") as stream:
            csv.writer(stream).writerows([FIELDS, *ROWS])
    elif path.suffix == ".ndjson":
        path.write_text("".join(json.dumps(dict(zip(FIELDS, row, strict=True))) + "\n" for row in ROWS))
    else:
        columns = map(list, zip(*ROWS, strict=True))
        pq.write_table(
            pa.table({name: pa.array(column, pa.string()) for name, column in zip(FIELDS, columns, strict=True)}), path
        )


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


@pytest.mark.parametrize("out", [".csv", ".ndjson", ".parquet"])
@pytest.mark.parametrize("source", [".csv", ".ndjson", ".parquet"])
def test_score_reads_and_writes_every_kind_of_file(tmp_path: Path, source: str, out: str) -> None:
    messages, scores = tmp_path / f"messages{source}", tmp_path / f"scores{out}"
    write(messages)
    done = run("score", str(messages), "--out", str(scores))
    assert done.exit_code == 0, done.output
    assert all(reason in done.stderr for reason in REASONS)
    assert [(one.message_id, one.symbol) for one in read_deliveries(scores)] == [
        ("1", "TSLA"),
        ("2", "TSLA"),
        ("2", "AMD"),
        ("9", "F"),
    ]
    first, marked, *_ = read_deliveries(scores)
    assert float(first.score or 0) == shipped_scorer().score("$TSLA to the moon")["TSLA"]
    assert marked.score == "1.0000"


def test_the_authors_mark_stands_apart_from_what_the_model_makes_of_the_words(tmp_path: Path) -> None:
    write(tmp_path / "messages.ndjson")
    run("score", str(tmp_path / "messages.ndjson"), "--out", str(tmp_path / "scores.ndjson"))
    first, marked, *_ = map(json.loads, (tmp_path / "scores.ndjson").read_text().splitlines())
    assert (first["mark"], first["model_score"]) == ("", first["score"])
    assert (marked["mark"], float(marked["model_score"]) < 0, marked["model"]) == (
        "bullish",
        True,
        shipped_scorer().version,
    )


def test_score_reads_folders_and_s3_and_writes_there(tmp_path: Path, bucket: str, aws: str) -> None:
    write(tmp_path / "a.csv")
    write(tmp_path / "b.parquet")
    client = boto3.client("s3", endpoint_url=aws)
    for path in tmp_path.iterdir():
        client.upload_file(str(path), bucket, f"in/{path.name}")
    done = run("score", f"s3://{bucket}/in", "--out", f"s3://{bucket}/scores.csv")
    assert done.exit_code == 0, done.output
    lines = client.get_object(Bucket=bucket, Key="scores.csv")["Body"].read().decode().splitlines()
    assert lines[0] == "message_id,symbol,score,created_at,mark,model_score,model"
    assert len(lines) == 1 + 2 * 4


@pytest.mark.parametrize(
    ("arguments", "exit_code", "said"),
    [
        (("score", "nowhere.csv", "--out", "scores.csv"), 66, "holds no"),
        (("score", "texts.csv", "--out", "scores.csv"), 65, "there is no column message_id"),
        (("score", "messages.csv", "--out", "scores.txt"), 78, "names no kind of file"),
        (("evaluate-scorer", "messages.csv"), 65, "are needed"),
        (("explain-score", "$F up", "--scorer", "."), 66, "is no scorer"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    exit_code: int,
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "messages.csv")
    (tmp_path / "texts.csv").write_text("text,label\n$F up,Bullish\n")
    with pytest.raises(SystemExit) as ended:
        program(main, arguments)
    assert ended.value.code == exit_code
    assert said in capsys.readouterr().err


def test_explain_score_names_the_words(tmp_path: Path) -> None:
    done = run("explain-score", "$AMD not bullish, buying puts", "--json")
    explanation = json.loads(done.output)
    parts = {part["token"]: part["log_odds"] for part in explanation["contributions"]}
    assert parts["puts"] < -1
    assert explanation["scores"]["AMD"] < 0
    assert "puts" in run("explain-score", "$AMD not bullish, buying puts").output


def test_messages_go_from_a_file_to_the_minutes(
    connection: psycopg.Connection, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    made = tmp_path / "messages.parquet"
    steps = [
        ("generate", "--words", "--out", str(made), "--messages", "600", "--minutes", "20", "--symbols", "10"),
        ("load-messages", str(made)),
        ("score-messages",),
        ("aggregate",),
        ("rescore",),
        ("prune",),
    ]
    for step in steps:
        done = run(*step)
        assert done.exit_code == 0, done.output
    counts = "sum(bullish_count), sum(bearish_count), sum(neutral_count)"
    row = connection.execute(f"SELECT {counts} FROM sentiment.minute").fetchone()
    assert row is not None
    assert min(row) > 50
