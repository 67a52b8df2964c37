"""Firehose as a template describes it: it waits, fills its prefixes in, ends records, compresses, and puts aside.

Records lie in a buffer until it is old or large enough, so nothing is on S3 at once; what could not be processed goes
below the error prefix, as JSON of another kind. It knows the settings that infra/streaming.yaml uses and no others.
https://docs.aws.amazon.com/firehose/latest/dev/basic-deliver.html
https://docs.aws.amazon.com/firehose/latest/dev/s3-prefixes.html
"""

from __future__ import annotations

import base64
import gzip
import json
import re
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

_JAVA_TIMES = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H"}
_EXPRESSION = re.compile(r"!\{(?P<namespace>timestamp|firehose):(?P<what>[^}]+)\}")


class Firehose:
    """One stream, by the properties of its ExtendedS3DestinationConfiguration; the caller says what time it is."""

    def __init__(self, s3: Any, bucket: str, name: str, destination: Mapping[str, Any]) -> None:
        self._s3, self._bucket, self._name, self._destination = s3, bucket, name, destination
        self._buffer: list[bytes] = []
        self._since: datetime | None = None
        (processor,) = destination["ProcessingConfiguration"]["Processors"]
        assert processor["Type"] == "AppendDelimiterToRecord"
        assert destination["CompressionFormat"] == "GZIP"

    def put(self, data: bytes, now: datetime) -> None:
        """Take a record; the buffer's time begins with its first one."""
        self._since = self._since or now
        self._buffer.append(data + b"\n")
        self.tick(now)

    def tick(self, now: datetime) -> None:
        """Deliver if the buffer is full or old."""
        hints = self._destination["BufferingHints"]
        old = self._since is not None and now - self._since >= timedelta(seconds=hints["IntervalInSeconds"])
        if self._since and (old or sum(map(len, self._buffer)) >= hints["SizeInMBs"] * 2**20):
            # The prefix is of the time when the first record of the object arrived.
            self._write(self._destination["Prefix"], gzip.compress(b"".join(self._buffer)), self._since, "")
            self._buffer, self._since = [], None

    def fail(self, data: bytes, now: datetime, kind: str = "processing-failed") -> None:
        """Put a record aside that could not be processed."""
        error = {
            "attemptsMade": 4,
            "arrivalTimestamp": int(now.timestamp() * 1000),
            "errorCode": "Dynamic.Error",
            "errorMessage": "no",
            "rawData": base64.b64encode(data).decode(),
        }
        self._write(
            self._destination["ErrorOutputPrefix"], gzip.compress(json.dumps(error).encode() + b"\n"), now, kind
        )

    def _write(self, prefix: str, body: bytes, time: datetime, kind: str) -> None:
        def fill(match: re.Match[str]) -> str:
            if match["namespace"] == "firehose":
                assert match["what"] == "error-output-type"
                return kind
            return time.strftime(re.sub("yyyy|MM|dd|HH", lambda found: _JAVA_TIMES[found[0]], match["what"]))

        key = f"{_EXPRESSION.sub(fill, prefix)}{self._name}-1-{time:%Y-%m-%d-%H-%M-%S}-{uuid.uuid4()}.gz"
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=body)
