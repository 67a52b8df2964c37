"""Messages in the raw stream: the Lambda function scores them as the batch does, to the bit."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from click.testing import CliRunner
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sentiment_minibatch.cli import main
from sentiment_minibatch.deliveries import DELIVERIES
from sentiment_minibatch.files.inputs import read_tables
from sentiment_minibatch.generator import StreamSettings
from sentiment_minibatch.generator_messages import messages
from sentiment_minibatch.load import load_tables
from sentiment_minibatch.scores import score_micros_of
from sentiment_minibatch.scoring.artifact import shipped_scorer
from sentiment_minibatch.scoring.database import deliver_messages, score_waiting
from sentiment_minibatch.scoring.message import Message, RejectedMessageError, score_message
from sentiment_minibatch.scoring.score_messages import ScoringReport, placed
from sentiment_minibatch.streaming.application import package_function
from sentiment_minibatch.streaming.preprocess import judge_all, transform
from sentiment_minibatch.streaming.producer import raw_message

NOW = datetime(2026, 1, 5, 15, 0, tzinfo=UTC)
LARGEST_ZIP, LARGEST_UNZIPPED = 50 * 2**20, 250 * 2**20  # AWS Lambda's limits for a zip that is uploaded directly


def scored(message: Message) -> list[dict[str, Any]]:
    judged = judge_all("1", raw_message(message).data, NOW)
    return [json.loads(fate.scored.data) for fate in judged if fate.scored is not None]


def test_a_message_of_two_tickers_becomes_two_records_each_under_its_ticker() -> None:
    message = Message("17", "2026-01-05T14:30:00.5Z", "$TSLA and $AMD to the moon")
    judged = judge_all("1", raw_message(message).data, NOW)
    assert [fate.scored.key for fate in judged if fate.scored] == ["TSLA", "AMD"]
    assert all(line["bullish_micros"] > 0 for line in scored(message))


def test_the_authors_mark_wins_in_the_stream_too() -> None:
    (line,) = scored(Message("17", "2026-01-05T14:30:00Z", "$TSLA to the moon", "Bearish"))
    assert line["bearish_micros"] == -1_000_000


def test_a_message_that_cannot_be_scored_is_put_aside_with_the_batchs_reason() -> None:
    message = Message("17", "2026-01-05T14:30:00Z", "no ticker")
    (judged,) = judge_all("1", raw_message(message).data, NOW)
    assert (judged.reason, judged.position) == ("text names no ticker", "1")


def test_a_transformation_answers_a_message_once() -> None:
    data = base64.b64encode(raw_message(Message("1", "2026-01-05T14:30:00Z", "$F $GE up")).data).decode()
    (answer,) = transform({"records": [{"recordId": "r", "data": data}]}, NOW)["records"]
    assert answer["result"] == "Ok"
    assert len(base64.b64decode(answer["data"]).splitlines()) == 2


@given(st.text(), st.sampled_from([None, "", "Bullish", "Bearish"]))
@example("$A\0B", None)
@settings(deadline=None)
def test_any_text_has_the_same_scores_in_the_stream_and_in_a_file(text: str, label: str | None) -> None:
    message = Message("1", "2026-01-05T14:30:00Z", f"$TSLA $BTC.X {text}".encode("utf-8", "replace").decode(), label)
    try:
        scores = score_message(message, shipped_scorer())
    except RejectedMessageError:
        scores = []
    lines = scored(message)
    assert [line["symbol"] for line in lines] == [score.symbol for score in scores]
    assert [line["bullish_micros"] + line["bearish_micros"] for line in lines] == [
        score_micros_of(score.score) for score in scores
    ]


def test_files_the_database_and_the_stream_count_the_same(connection: psycopg.Connection, tmp_path: Path) -> None:
    """The same messages through `score` and `load`, through the table `message`, and through the function."""
    stream = StreamSettings(seed=3, start=NOW - timedelta(hours=1), minutes=30, messages=2_000, symbols=50)
    made = [message for message in messages(stream) if message.text]
    source, out = tmp_path / "messages.ndjson", tmp_path / "scores.parquet"
    source.write_text("".join(json.dumps(message._asdict()) + "\n" for message in made))
    done = CliRunner().invoke(main, ["score", str(source), "--out", str(out)])
    assert done.exit_code == 0, done.output

    def counted() -> list[tuple[Any, ...]]:
        query = "SELECT message_id, symbol, created_at, score_micros FROM sentiment.raw_score ORDER BY 1, 2"
        return connection.execute(query).fetchall()

    load_tables(connection, read_tables(out, DELIVERIES), "scores")
    by_file = counted()
    connection.execute("TRUNCATE sentiment.raw_score, sentiment.counted_message")
    deliver_messages(connection, placed(made, "messages"), ScoringReport())
    for _ in score_waiting(connection, shipped_scorer()):
        pass
    by_database = counted()
    by_stream: dict[tuple[int, str], tuple[datetime, int]] = {}
    for line in (line for message in made for line in scored(message)):
        key, score = (line["message_id"], line["symbol"]), line["bullish_micros"] + line["bearish_micros"]
        by_stream[key] = min(
            by_stream.get(key, (_time(line), score)), (_time(line), score)
        )  # as the operator settles it
    assert len(by_file) > 1_500
    assert by_file == by_database == [(*key, *value) for key, value in sorted(by_stream.items())]


def _time(line: dict[str, Any]) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=line["created_at_micros"])


def test_the_functions_zip_scores_on_a_bare_python_within_lambdas_limits(tmp_path: Path) -> None:
    out = tmp_path / "function.zip"
    package_function(out)
    with zipfile.ZipFile(out) as archive:
        archive.extractall(tmp_path / "function")
        assert sum(file.file_size for file in archive.infolist()) < LARGEST_UNZIPPED
    assert out.stat().st_size < LARGEST_ZIP
    message = Message("1", "2026-01-05T14:30:00Z", "$TSLA loading calls \U0001f680")
    record = {"recordId": "r", "data": base64.b64encode(raw_message(message).data).decode()}
    code = (
        "import sys, json; sys.path.insert(0, sys.argv[1]); "
        "from sentiment_minibatch.streaming.preprocess import handler"
    )
    done = subprocess.run(
        [
            sys.executable,
            "-I",
            "-S",
            "-c",
            f"{code}; print(json.dumps(handler(json.loads(sys.argv[2]))))",
            tmp_path / "function",
            json.dumps({"records": [record]}),
        ],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    (answer,) = json.loads(done.stdout)["records"]
    assert json.loads(base64.b64decode(answer["data"])) == scored(message)[0]
