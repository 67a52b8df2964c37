"""Kinesis in and Firehose out for a Flink that has no AWS connectors: it reads and writes directories.

A laptop's replacement for the two connectors alone: streams and objects on either side are real.
"""

from __future__ import annotations

from pathlib import Path

from common.errors import UnavailableError
from sentiment_minibatch.streaming.destinations import FirehoseStream
from sentiment_minibatch.streaming.records import Record
from sentiment_minibatch.streaming.shards import ShardReader


class StreamToDirectory:
    """Writes what a stream has as files of lines that appear whole, in order."""

    def __init__(self, reader: ShardReader, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._reader = reader
        self._directory = directory
        self._files = 0

    def poll(self) -> int:
        """Write the records that have come since the last poll into one file and return how many they are."""
        lines = [record["Data"] for batch in self._reader.poll() for record in batch.records]
        if lines:
            name = f"{self._files:09}.ndjson"
            hidden = self._directory / f".{name}"  # Flink passes over hidden files
            hidden.write_bytes(b"".join(lines))
            hidden.replace(self._directory / name)
            self._files += 1
        return len(lines)


class DirectoryToFirehose:
    """Puts the lines of finished files into a Firehose stream and then removes the files.

    A line keeps its newline, which in AWS Firehose's processor AppendDelimiterToRecord adds; moto applies none.
    """

    def __init__(self, directory: Path, stream: FirehoseStream) -> None:
        self._directory = directory
        self._stream = stream

    def poll(self) -> int:
        """Deliver the files that Flink has finished and return how many lines they held. Raises `UnavailableError`."""
        count = 0
        for file in sorted(self._directory.glob("part-*")):
            lines = file.read_bytes().splitlines(keepends=True)
            if lost := self._stream.put([Record("", line) for line in lines]):
                raise UnavailableError(f"Firehose refused {len(lost)} of {len(lines)} records in every attempt")
            file.unlink()
            count += len(lines)
        return count
