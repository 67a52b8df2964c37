"""Files of messages: what cannot be read costs nothing else, and is told with its place."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from sentiment_minibatch.cli import main
from sentiment_minibatch.files.inputs import files_at
from sentiment_minibatch.scoring.message import Message
from sentiment_minibatch.scoring.message_files import messages_in

TIME = "2026-01-05T14:30:00Z"
HEADER = b"message_id,created_at,text,label\n"


def read(path: Path) -> tuple[list[Message], list[tuple[str, str]]]:
    faults: list[tuple[str, str]] = []
    (file,) = files_at(str(path))
    read = [message for _, message in messages_in(file, lambda reason, place: faults.append((reason, place)))]
    return read, faults


def line(number: int) -> bytes:
    return json.dumps({"message_id": number, "created_at": TIME, "text": "$TSLA to the moon"}).encode() + b"\n"


def row(number: int) -> bytes:
    return f"{number},{TIME},$TSLA to the moon,\n".encode()


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Tokyo"])
def test_an_instant_of_parquet_is_the_same_in_every_zone(tmp_path: Path, zone: str) -> None:
    instant = datetime(2026, 1, 5, 14, 30, tzinfo=UTC)
    columns = {"message_id": [1], "created_at": pa.array([instant], pa.timestamp("us", zone)), "text": ["$F up"]}
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    ((message,), _) = read(tmp_path / "a.parquet")
    assert datetime.fromisoformat(message.created_at or "") == instant


def test_a_bad_row_or_line_is_told_with_its_place_and_the_others_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(HEADER + row(1) + b'2,"a"b,c,d\n' + b"3,\xff,\xff,\n" + row(4))
    bad = b'{"text": "\xff"}\n' + b"x" * (1 << 20) + b"\n"
    (tmp_path / "a.ndjson").write_bytes(b"\xef\xbb\xbf" + line(1) + bad + line(4))
    messages, faults = read(tmp_path / "a.csv")
    assert [message.message_id for message in messages] == ["1", "4"]
    assert [place.rpartition(", ")[2] for _, place in faults] == ["3", "4"]
    messages, faults = read(tmp_path / "a.ndjson")
    assert [message.message_id for message in messages] == ["1", '{"text": "\ufffd"}', "4"]
    assert [reason for reason, _ in faults] == ["the line is longer than 1,048,576 bytes"]


def test_compressed_files_are_scored_and_one_that_is_torn_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.ndjson.gz").write_bytes(gzip.compress(line(1)))
    (tmp_path / "in" / "b.csv.zst").write_bytes(pa.compress(HEADER + row(2), "zstd", asbytes=True))
    (tmp_path / "in" / "c.ndjson.gz").write_bytes(gzip.compress(line(3) * 9_000)[:-20])
    (tmp_path / "in" / "d.csv").write_bytes(b"text\n$F up\n")
    (tmp_path / "in" / "e.csv").write_bytes(HEADER + row(5))
    out = tmp_path / "scores.ndjson"
    done = CliRunner().invoke(main, ["score", str(tmp_path / "in"), "--out", str(out)])
    assert "2 of 5 files set aside" in str(done.exception)
    assert {json.loads(scored)["message_id"] for scored in out.read_text().splitlines()} >= {"1", "2", "5"}


def test_what_was_scored_before_stays_if_no_file_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"text\n$F up\n")
    out = tmp_path / "scores.ndjson"
    out.write_text("of yesterday")
    done = CliRunner().invoke(main, ["score", str(tmp_path / "a.csv"), "--out", str(out)])
    assert "there is no column message_id" in str(done.exception)
    assert out.read_text() == "of yesterday"


def test_a_text_of_a_megabyte_is_refused_with_one_reason(tmp_path: Path) -> None:
    message = {"message_id": 1, "created_at": TIME, "text": "$F " * 300_000}
    (tmp_path / "a.ndjson").write_text(json.dumps(message))
    done = CliRunner().invoke(main, ["score", str(tmp_path / "a.ndjson"), "--out", str(tmp_path / "scores.csv")])
    assert done.exit_code == 0
    assert "1 without a score: text has more than 10,000 characters (first: " in done.stderr
