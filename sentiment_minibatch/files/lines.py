"""CSV and NDJSON, read so that no line can keep another from being read."""

from __future__ import annotations

import csv
import itertools
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple, Protocol

from sentiment_minibatch.delivered_json import text_of, values_of_json
from sentiment_minibatch.files.records import BEGINNING, Layout, Record, UnreadableFileError

_LONGEST_LINE = 1 << 20
_LARGEST_FIELD = 1 << 17  # of CSV
_MOST_LINES = 100  # of one quoted CSV record
_UTF8_MARK = b"\xef\xbb\xbf"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


class ByteLines(Protocol):
    """A stream of bytes that is read by the line."""

    def readline(self, size: int = -1, /) -> bytes: ...  # noqa: D102


class Line(NamedTuple):
    """A line, or the beginning of one that is too long, and its number in the file."""

    number: int
    content: bytes
    whole: bool = True


def read_ndjson(stream: ByteLines, layout: Layout) -> Iterator[Record]:
    """Yield a record per line that is not blank."""
    for line in _lines(stream):
        if not line.whole:
            yield _unread(line, layout, f"the line is longer than {_LONGEST_LINE:,} bytes")
        elif line.content.strip():
            yield Record(values_of_json(line.content, layout.fields), line.number)


def read_csv(stream: ByteLines, layout: Layout) -> Iterator[Record]:
    """Yield a record per row under the header. Raises `UnreadableFileError` if that lacks a field that is needed.

    Of what is wrong in its quotes, its length or its encoding the first line alone is refused; reading goes on with the
    next, however much the reader had taken for a part of it.
    """
    rows = _Rows(_lines(stream))
    header = next(rows, None)
    columns = header.fields if header else []
    layout.check(columns)
    absent = len(columns)
    places = [columns.index(field) if field in columns else absent for field in layout.fields]
    for row in rows:
        if row.fault:
            yield _unread(row.line, layout, row.fault)
        elif len(row.fields) < len(columns) or any(row.fields[len(columns) :]):
            yield _unread(row.line, layout, f"the row has {len(row.fields)} fields, the header {len(columns)}")
        else:
            values = [*row.fields[: len(columns)], None]
            yield Record(tuple(text_of(values[place]) for place in places), row.line.number)


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
        csv.field_size_limit(_LARGEST_FIELD)  # One for the whole process, whoever set it last.
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


def _unread(line: Line, layout: Layout, fault: str) -> Record:
    beginning = line.content[: 4 * BEGINNING].decode("utf-8", "replace").strip()[:BEGINNING]
    return Record((text_of(beginning), *[None] * (len(layout.fields) - 1)), line.number, fault)
