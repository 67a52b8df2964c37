"""What Firehose leaves on S3 for whoever reads it: lines of JSON, below a day and an hour, errors elsewhere."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from common.postgres import connect
from common.storage import open_store
from sentiment_minibatch.schema import migrate
from sentiment_minibatch.streaming.archive import rebuild
from sentiment_minibatch.streaming.delivery import PREFIX
from tests.aws.firehose import Firehose
from tests.infra.conftest import parse
from tests.sentiment_minibatch.streaming.test_revisions import message, revision

NOON = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


def streams() -> dict[str, dict[str, Any]]:
    resources = parse(Path("infra/streaming.yaml").read_text())["Resources"]
    kind = "AWS::KinesisFirehose::DeliveryStream"
    return {n: r["Properties"]["ExtendedS3DestinationConfiguration"] for n, r in resources.items() if r["Type"] == kind}


def objects(bucket: str) -> dict[str, list[Any]]:
    s3 = boto3.client("s3")
    keys = [found["Key"] for found in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]
    bodies = {key: gzip.decompress(s3.get_object(Bucket=bucket, Key=key)["Body"].read()) for key in keys}
    return {key: [json.loads(line) for line in body.splitlines()] for key, body in bodies.items()}


@pytest.mark.parametrize("name", sorted(streams()))
def test_rows_wait_and_then_lie_as_lines_of_json_below_their_hour(bucket: str, name: str) -> None:
    destination = streams()[name]
    firehose = Firehose(boto3.client("s3"), bucket, name, destination)
    firehose.put(b'{"n":1}', NOON)
    firehose.put(b'{"n":2}', NOON + timedelta(seconds=30))
    assert objects(bucket) == {}, "it is there within a minute, and not at once"
    firehose.tick(NOON + timedelta(seconds=60))
    ((key, rows),) = objects(bucket).items()
    assert rows == [{"n": 1}, {"n": 2}]
    assert "/dt=2026-01-05/hour=12/" in key
    assert key.startswith("sentiment/stream/")


def test_an_error_lies_where_the_reader_of_revisions_does_not_look(bucket: str, database_url: str) -> None:
    ((name, destination),) = streams().items()
    firehose = Firehose(boto3.client("s3"), bucket, name, destination)
    firehose.fail(b"{", NOON)
    (put_aside,) = objects(bucket)
    assert put_aside.startswith("sentiment/stream-errors/processing-failed/dt=2026-01-05/")
    firehose.put(json.dumps(revision(1)).encode(), NOON)
    firehose.put(json.dumps(message(2, 7)).encode(), NOON + timedelta(seconds=60))
    archive = open_store(f"s3://{bucket}/{PREFIX}")
    with connect(database_url, autocommit=True) as connection:
        migrate(connection)
        ((_, read),) = rebuild(connection, archive, NOON, NOON + timedelta(hours=1))
    assert (read.revisions, read.messages, read.unreadable) == (1, 1, 0)
