"""CSV and NDJSON, read so that no line can keep another from being read."""

from __future__ import annotations

import csv
import itertools
from collections import deque
from collections.abc import Iterator
from operator import itemgetter
from typing import NamedTuple, Protocol

from sentiment_minibatch.delivered_json import delivery_of_json, text_of
from sentiment_minibatch.score_tables import FIELDS, LONGEST_FIELD, Record
from sentiment_minibatch.scores import Delivery

_LONGEST_LINE = 1 << 20
_LARGEST_FIELD = 1 << 17  # of CSV
_MOST_LINES = 100  # of one quoted CSV record
_UTF8_MARK = b"\xef\xbb\xbf"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


class UnreadableFileError(ValueError):
    """A file that cannot be read as what its name says; its text is the reason."""


class ByteLines(Protocol):
    """A stream of bytes that is read by the line."""

    def readline(self, size: int = -1, /) -> bytes: ...  # noqa: D102


class Line(NamedTuple):
    """A line, or the beginning of one that is too long, and its number in the file."""

    number: int
    content: bytes
    whole: bool = True


def read_ndjson(stream: ByteLines) -> Iterator[Record]:
    """Yield a record per line that is not blank."""
    for line in _lines(stream):
        if not line.whole:
            yield _unread(line, f"the line is longer than {_LONGEST_LINE:,} bytes")
        elif line.content.strip():
            yield Record(delivery_of_json(line.content), line.number)


def read_csv(stream: ByteLines) -> Iterator[Record]:
    """Yield a record per row under the header. Raises `UnreadableFileError` if that lacks a field of `Delivery`.

    Of what is wrong in its quotes, its length or its encoding the first line alone is refused; reading goes on with the
    next, however much the reader had taken for a part of it.
    """
    rows = _Rows(_lines(stream))
    header = next(rows, None)
    columns = header.fields if header else []
    if missing := [field for field in FIELDS if field not in columns]:
        raise UnreadableFileError(f"there is no column {', '.join(missing)}; the header should be {','.join(FIELDS)}")
    fields = itemgetter(*map(columns.index, FIELDS))
    for row in rows:
        if row.fault:
            yield _unread(row.line, row.fault)
        elif len(row.fields) < len(columns) or any(row.fields[len(columns) :]):
            yield _unread(row.line, f"the row has {len(row.fields)} fields, the header {len(columns)}")
        else:
            yield Record(Delivery._make(map(text_of, fields(row.fields))), row.line.number)


class _Row(NamedTuple):
    line: Line
    fields: list[str]
    fault: str | None = None


class _Rows:
    """The rows of a CSV file. What a faulty row has swallowed after its first line is read again."""

    def __init__(self, lines: Iterator[Line]) -> None:
        self._lines = lines
        self._again: deque[Line] = deque()
        self._taken: list[Line] = []
        csv.field_size_limit(_LARGEST_FIELD)  # One for the process, which the files of messages set to theirs.
        self._reader = csv.reader(self._take(), strict=True)

    def __iter__(self) -> Iterator[_Row]:
        return self

    def __next__(self) -> _Row:
        while True:
            self._taken = []
            try:
                fields = next(self._reader)
            except csv.Error as error:
                first, *others = self._taken
                self._again.extendleft(reversed(others))
                self._reader = csv.reader(self._take(), strict=True)
                return _Row(first, [], f"the row is no CSV: {error}")
            if fields:
                return _Row(self._taken[0], fields)

    def _take(self) -> Iterator[str]:
        while line := self._again.popleft() if self._again else next(self._lines, None):
            self._taken.append(line)
            if len(self._taken) > _MOST_LINES:
                raise csv.Error(f"a quote is open for more than {_MOST_LINES} lines")
            if not line.whole:
                raise csv.Error(f"a line is longer than {_LONGEST_LINE:,} bytes")
            try:
                yield line.content.decode()
            except UnicodeDecodeError:
                raise csv.Error("it is not UTF-8") from None


def _lines(stream: ByteLines) -> Iterator[Line]:
    """Yield the lines of a stream without a byte order mark; of one that is too long memory holds the beginning."""
    for number in itertools.count(1):
        content = stream.readline(_LONGEST_LINE)
        if not content:
            return
        whole = content.endswith(b"\n") or len(content) < _LONGEST_LINE
        if not whole:
            while (rest := stream.readline(_LONGEST_LINE)) and not rest.endswith(b"\n"):
                pass
        if number == 1 and content.startswith(_UTF16_MARKS):
            raise UnreadableFileError("it is UTF-16; UTF-8 is what is read")
        yield Line(number, content.removeprefix(_UTF8_MARK) if number == 1 else content, whole)


def _unread(line: Line, fault: str) -> Record:
    beginning = line.content[: 4 * LONGEST_FIELD].decode("utf-8", "replace").strip()
    return Record(Delivery(text_of(beginning), None, None, None), line.number, fault)
