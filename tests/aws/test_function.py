"""The Lambda function from its own zip, where nothing of this checkout is in reach."""

from __future__ import annotations

import base64
import json
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from sentiment_minibatch.streaming.application import package_application, package_function
from tests.aws.lambda_runtime import LambdaRuntime, unreadable
from tests.infra.conftest import parse

GOOD = {"message_id": "17", "symbol": "$tsla", "score": "-0.25", "created_at": "2026-01-05T14:30:00.5Z"}


@pytest.fixture
def open_directory() -> Iterator[Path]:
    """A directory that everybody may enter, unlike pytest's."""
    with tempfile.TemporaryDirectory(prefix="lambda-") as directory:
        Path(directory).chmod(0o755)
        yield Path(directory)


def test_lambda_runs_the_zip_as_another_user_and_both_streams_get_their_records(aws: str, open_directory: Path) -> None:
    parameters = parse(Path("infra/streaming.yaml").read_text())["Parameters"]
    function = parse(Path("infra/streaming.yaml").read_text())["Resources"]["PreprocessFunction"]["Properties"]
    archive = open_directory / "function.zip"
    package_function(archive)
    runtime = LambdaRuntime(archive, open_directory, function["Runtime"])
    unique = uuid.uuid4().hex
    kinesis, sqs = boto3.client("kinesis"), boto3.client("sqs")
    kinesis.create_stream(StreamName=unique, ShardCount=1)
    queue = sqs.create_queue(QueueName=unique)["QueueUrl"]
    records = [_record(1, json.dumps(GOOD).encode()), _record(2, b"poison")]
    environment = {
        "OUTPUT_STREAM": unique,
        "REJECTED_QUEUE_URL": queue,
        "AWS_ENDPOINT_URL": aws,
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
    }

    answer = runtime.invoke(parameters["PreprocessHandler"]["Default"], {"Records": records}, environment)

    assert answer == {"batchItemFailures": []}
    shard = kinesis.list_shards(StreamName=unique)["Shards"][0]["ShardId"]
    start = kinesis.get_shard_iterator(StreamName=unique, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    (scored,) = kinesis.get_records(ShardIterator=start["ShardIterator"])["Records"]
    assert json.loads(scored["Data"])["message_id"] == 17
    (rejected,) = sqs.receive_message(QueueUrl=queue)["Messages"]
    assert base64.b64decode(json.loads(rejected["Body"])["data"]) == b"poison"


def test_whoever_unpacks_the_zips_may_read_all_of_them(tmp_path: Path) -> None:
    jar = tmp_path / "connectors.jar"
    jar.write_bytes(b"")
    package_function(tmp_path / "function.zip")
    package_application(jar, tmp_path / "application.zip")
    assert unreadable(tmp_path / "function.zip") == unreadable(tmp_path / "application.zip") == []


def _record(number: int, data: bytes) -> dict[str, Any]:
    kinesis = {"sequenceNumber": str(number), "partitionKey": "k", "data": base64.b64encode(data).decode()}
    return {"eventSource": "aws:kinesis", "kinesis": kinesis}
