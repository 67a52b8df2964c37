"""Records in columns of text: what every kind of file is read into."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import pyarrow as pa

ROWS_PER_TABLE = 50_000
BEGINNING = 200  # characters of a record that cannot be read which are kept to show


class UnreadableFileError(ValueError):
    """A file that cannot be read as what its name says; its text is the reason."""


@dataclass(frozen=True)
class Layout:
    """The fields of a file's records, which of them must be there, and how many characters of a field are kept.

    What is longer than any field that counts is refused all the same: cut, it needs no memory.
    """

    fields: tuple[str, ...]
    needed: tuple[str, ...]
    longest: int

    @property
    def schema(self) -> pa.Schema:
        """The fields as text, `position`, from 1, and `fault`."""
        return pa.schema(
            [*((field, pa.string()) for field in self.fields), ("position", pa.int64()), ("fault", pa.string())]
        )

    def check(self, names: list[str]) -> None:
        """Raise `UnreadableFileError` if a needed column is not there, or one of the fields is there twice."""
        if missing := [field for field in self.needed if field not in names]:
            raise UnreadableFileError(f"there is no column {', '.join(missing)}")
        if repeated := [field for field in self.fields if names.count(field) > 1]:
            raise UnreadableFileError(f"there is more than one column {', '.join(repeated)}")


class Record(NamedTuple):
    """The fields, where they stood, from 1, and why it could not be read: then the first field is what stood there."""

    values: tuple[str | None, ...]
    position: int
    fault: str | None = None


def tables_of_records(records: Iterable[Record], layout: Layout) -> Iterator[pa.Table]:
    """Yield records in tables of at most `ROWS_PER_TABLE`, in their order."""
    rest = iter(records)
    while chunk := list(itertools.islice(rest, ROWS_PER_TABLE)):
        rows, positions, faults = zip(*chunk, strict=True)
        columns = [[_cut(text, layout.longest) for text in column] for column in zip(*rows, strict=True)]
        yield pa.table([*columns, positions, faults], schema=layout.schema)


def _cut(text: str | None, longest: int) -> str | None:
    return text if text is None or len(text) <= longest else f"{text[:longest]}…"
