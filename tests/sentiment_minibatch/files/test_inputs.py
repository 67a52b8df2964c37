"""Files of scores that are wrong in every way there is: what is wrong is told, and what is right is read."""

import csv
import gzip
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentiment_minibatch.deliveries import DELIVERIES, FIELDS, read_deliveries
from sentiment_minibatch.files.inputs import files_at, read_tables
from sentiment_minibatch.files.records import UnreadableFileError

TIME = "2026-01-05T14:30:00Z"
HEADER = "message_id,symbol,score,created_at\n"
INSTANT = datetime(2026, 1, 5, 14, 30, tzinfo=UTC)


def json_line(number: int) -> str:
    return f'{{"message_id": {number}, "symbol": "A", "score": 0.5, "created_at": "{TIME}"}}\n'


def csv_line(number: int) -> str:
    return f"{number},A,0.5,{TIME}\n"


def written(path: Path, content: bytes | str) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def read(path: Path) -> tuple[list[str | None], list[tuple[int, str]]]:
    """The message numbers that were read, and the positions and faults of what was not."""
    rows = [row for table in read_tables(path, DELIVERIES) for row in table.to_pylist()]
    return [row["message_id"] for row in rows if not row["fault"]], [
        (row["position"], row["fault"]) for row in rows if row["fault"]
    ]


@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["", "with a byte order mark"])
@pytest.mark.parametrize(
    ("name", "lines"), [("a.ndjson", [json_line(1), json_line(2)]), ("a.csv", [HEADER, csv_line(1), csv_line(2)])]
)
def test_a_byte_order_mark_costs_no_line(tmp_path: Path, mark: str, name: str, lines: list[str]) -> None:
    assert read(written(tmp_path / name, mark + "".join(lines))) == (["1", "2"], [])


def test_an_invalid_byte_in_ndjson_spoils_its_line_alone(tmp_path: Path) -> None:
    content = json_line(1).encode() + b'{"message_id": \xff}\n' + json_line(3).encode()
    numbers = [delivery.message_id for delivery in read_deliveries(written(tmp_path / "a.ndjson", content))]
    assert numbers == ["1", '{"message_id": �}', "3"]


@pytest.mark.parametrize(
    ("bad", "fault"),
    [
        (b"2,\xff,0.5,x\n", "it is not UTF-8"),
        (b"2," + b"A" * 200_000 + b",0.5,x\n", "field larger than field limit"),
        (b"2," + b"A" * 2_000_000 + b",0.5,x\n", "a line is longer than 1,048,576 bytes"),
        (b'2,"A,0.5,x\n', "unexpected end of data"),
        (b'2,"A"B,0.5,x\n', "expected after"),
        (b"2,A,0.5\n", "the row has 3 fields, the header 4"),
        (b"2,A,0.5,x,5\n", "the row has 5 fields, the header 4"),
    ],
    ids=["not UTF-8", "long field", "long line", "open quote", "text after a quote", "short", "long"],
)
def test_a_bad_row_of_csv_is_rejected_alone_with_its_line(tmp_path: Path, bad: bytes, fault: str) -> None:
    csv.field_size_limit(1 << 27)  # As after a file of messages.
    content = (HEADER + csv_line(1)).encode() + bad + (csv_line(3) + csv_line(4)).encode()
    numbers, faults = read(written(tmp_path / "a.csv", content))
    assert numbers == ["1", "3", "4"]
    ((position, reason),) = faults
    assert position == 3
    assert fault in reason


def test_two_open_quotes_do_not_make_one_field_of_what_is_between_them(tmp_path: Path) -> None:
    content = HEADER + f'1,"A,0.5,{TIME}\n' + csv_line(2) + f'3,"A,0.5,{TIME}\n' + csv_line(4) * 150
    numbers, faults = read(written(tmp_path / "a.csv", content))
    assert numbers == ["2", *["4"] * 150]
    assert [position for position, _ in faults] == [2, 4]


def test_a_quoted_line_break_is_read(tmp_path: Path) -> None:
    content = f'message_id,text,symbol,score,created_at\n1,"two\nlines",A,0.5,{TIME}\n2,"",A,0.5,{TIME}\n'
    assert read(written(tmp_path / "a.csv", content)) == (["1", "2"], [])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=40) | st.sampled_from([b'"', b'a,"b', b"\xef\xbb\xbf", b"\r", b"\0"]), max_size=12))
@pytest.mark.parametrize("name", ["a.csv", "a.ndjson"])
def test_whatever_stands_between_good_lines_they_are_read(
    tmp_path_factory: pytest.TempPathFactory, name: str, junk: list[bytes]
) -> None:
    good, start = (csv_line, HEADER) if name == "a.csv" else (json_line, "")
    lines = [start.encode()]
    for number, bad in enumerate(junk):
        # A quote that junk opens and other junk closes makes a row of what is between, by the rules of CSV.
        lines += [good(number).encode(), bad.replace(b'"', b"").replace(b"\n", b"") + b"\n"]
    lines.append(good(len(junk)).encode())
    path = written(tmp_path_factory.mktemp("junk") / name, b"".join(lines))
    numbers, _ = read(path)
    assert [number for number in numbers if number in {str(n) for n in range(len(junk) + 1)}][-1] == str(len(junk))
    assert {str(number) for number in range(len(junk) + 1)} <= set(numbers)


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Tokyo", "UTC", "+05:30"])
@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_a_parquet_instant_is_the_same_in_every_zone_and_unit(tmp_path: Path, zone: str, unit: str) -> None:
    write_parquet(tmp_path / "a.parquet", created_at=pa.array([INSTANT], pa.timestamp(unit, zone)))
    ((time,),) = ([delivery.created_at] for delivery in read_deliveries(tmp_path / "a.parquet"))
    assert time is not None
    assert datetime.fromisoformat(time) == INSTANT


def test_digits_beyond_microseconds_are_dropped(tmp_path: Path) -> None:
    nanoseconds = pa.array([int(INSTANT.timestamp()) * 10**9 + 999_999_999]).cast(pa.timestamp("ns", "UTC"))
    write_parquet(tmp_path / "a.parquet", created_at=nanoseconds)
    ((time,),) = ([delivery.created_at] for delivery in read_deliveries(tmp_path / "a.parquet"))
    assert time == "2026-01-05T14:30:00.999999Z"


def test_a_parquet_value_that_is_no_text_is_rejected_alone(tmp_path: Path) -> None:
    symbols = pa.array([b"A", b"\xff", b"B" * 5_000, None, b"C"], pa.binary())
    write_parquet(tmp_path / "a.parquet", symbol=symbols, rows=5)
    assert [d.symbol and d.symbol[:3] for d in read_deliveries(tmp_path / "a.parquet")] == ["A", "�", "BBB", None, "C"]


@pytest.mark.parametrize("column", [pa.array([[1]]), pa.array([{"x": 1}]), pa.array([timedelta(1)])])
def test_a_parquet_column_of_a_type_that_means_nothing_here_is_named(tmp_path: Path, column: pa.Array) -> None:
    write_parquet(tmp_path / "a.parquet", score=column)
    with pytest.raises(UnreadableFileError, match="the column score is of type"):
        list(read_tables(tmp_path / "a.parquet", DELIVERIES))


def test_a_corrupt_parquet_page_is_an_unreadable_file(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    write_parquet(path, rows=5_000)
    content = bytearray(path.read_bytes())
    content[40:400] = b"\xaa" * 360
    with pytest.raises(UnreadableFileError):
        list(read_tables(written(path, bytes(content)), DELIVERIES))


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.csv", b"symbol,score\n", "there is no column message_id, created_at"),
        ("a.csv", b"", "there is no column"),
        ("a.ndjson", json_line(1).encode("utf-16"), "UTF-16"),
        ("a.parquet", b"PAR1 not", "it cannot be read as parquet"),
        ("a.csv.gz", b"not compressed", "it cannot be read as csv"),
        ("a.ndjson.gz", gzip.compress(json_line(1).encode() * 9_000)[:-20], "Truncated"),
    ],
)
def test_a_file_that_is_not_what_its_name_says_gets_a_reason(
    tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    with pytest.raises(UnreadableFileError, match=reason) as error:
        list(read_tables(written(tmp_path / name, content), DELIVERIES))
    assert str(tmp_path) not in str(error.value)


@pytest.mark.parametrize("name", ["a.csv.gz", "a.csv.zst", "a.ndjson.gz", "a.ndjson.zst"])
def test_compressed_files_are_read(tmp_path: Path, name: str) -> None:
    content = (HEADER + csv_line(1) if "csv" in name else json_line(1)).encode()
    packed = gzip.compress(content) if name.endswith("gz") else pa.compress(content, "zstd", asbytes=True)
    written(tmp_path / name, packed)
    assert read(tmp_path / name) == (["1"], [])
    assert [file.key for file in files_at(str(tmp_path))] == [name]


def test_files_of_the_same_name_have_sources_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in ("10", "11"):
        (tmp_path / folder).mkdir()
        written(tmp_path / folder / "scores.ndjson", json_line(1))
    whole = [file.source for file in files_at(str(tmp_path))]
    assert whole == [str(tmp_path / folder / "scores.ndjson") for folder in ("10", "11")]
    monkeypatch.chdir(tmp_path / "10")
    (near,) = files_at("scores.ndjson")
    assert (near.name, near.source) == ("scores.ndjson", whole[0])


def test_what_is_no_regular_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "dangling.csv").symlink_to(tmp_path / "gone")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/not-\xff.ndjson")).write_text(json_line(1), encoding="utf-8")
    dangling, odd, pipe = files_at(str(tmp_path))
    for file in (dangling, pipe):
        with pytest.raises(UnreadableFileError, match="it is no regular file"):
            list(file.tables(DELIVERIES))
    assert odd.name.endswith("not-\\udcff.ndjson")
    assert sum(table.num_rows for table in odd.tables(DELIVERIES)) == 1


def write_parquet(path: Path, rows: int = 1, **columns: pa.Array) -> None:
    plain = {
        "message_id": pa.array(range(rows)),
        "symbol": pa.array(["A"] * rows),
        "score": pa.array([0.5] * rows),
        "created_at": pa.array([TIME] * rows),
    }
    assert set(columns) <= set(FIELDS)
    pq.write_table(pa.table({**plain, **columns}), path)
