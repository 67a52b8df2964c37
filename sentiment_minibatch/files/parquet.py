"""Parquet, whatever the types of its columns: each becomes the text that the rules are about."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sentiment_minibatch.files.records import ROWS_PER_TABLE, Layout, UnreadableFileError

_PLAIN_TYPES = (
    pa.types.is_null,
    pa.types.is_boolean,
    pa.types.is_integer,
    pa.types.is_floating,
    pa.types.is_decimal,
    pa.types.is_date,
)
_TEXT_TYPES = (
    pa.types.is_string,
    pa.types.is_large_string,
    pa.types.is_string_view,
    pa.types.is_binary,
    pa.types.is_large_binary,
    pa.types.is_binary_view,
    pa.types.is_fixed_size_binary,
)


def read_parquet(path: Path, layout: Layout) -> Iterator[pa.Table]:
    """Yield a file's records as tables of text. Raises `UnreadableFileError`."""
    file = pq.ParquetFile(path)
    names = file.schema_arrow.names
    layout.check(names)
    position = 1
    for batch in file.iter_batches(ROWS_PER_TABLE, columns=[field for field in layout.fields if field in names]):
        absent = pa.nulls(batch.num_rows, pa.string())
        columns = [
            _storable(_as_text(field, batch.column(field)), layout.longest) if field in names else absent
            for field in layout.fields
        ]
        positions = pa.array(range(position, position + batch.num_rows), pa.int64())
        yield pa.table([*columns, positions, absent], schema=layout.schema)
        position += batch.num_rows


def _as_text(field: str, column: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_timestamp(column.type):
        return _time_as_text(column)
    if any(fits(column.type) for fits in _PLAIN_TYPES):
        return column.cast(pa.string())
    if any(fits(column.type) for fits in _TEXT_TYPES):
        return _valid_text(column)
    raise UnreadableFileError(f"the column {field} is of type {column.type}")


def _time_as_text(column: pa.Array) -> pa.Array:
    """Return instants in UTC, without digits beyond microseconds; times without a zone stay without."""
    zone = "Z" if column.type.tz else ""
    unit = column.type.unit
    if zone:
        column = column.cast(pa.timestamp(unit, "UTC")).cast(pa.timestamp(unit))
    if unit == "ns":
        column = pc.floor_temporal(column, unit="microsecond").cast(pa.timestamp("us"))
    return pc.strftime(column, f"%Y-%m-%dT%H:%M:%S{zone}")


def _valid_text(column: pa.Array) -> pa.Array:
    """Return text that is UTF-8: where a value is not, a mark stands in it that no rule accepts."""
    text = column.cast(pa.binary()).cast(pa.string(), safe=False)
    try:
        text.validate(full=True)
    except pa.ArrowInvalid:
        values = column.cast(pa.binary()).to_pylist()
        return pa.array([None if value is None else value.decode("utf-8", "replace") for value in values], pa.string())
    return text


def _storable(column: pa.Array, longest: int) -> pa.Array:
    """Return text that PostgreSQL can hold: no NUL, and nothing longer than any field that counts."""
    column = pc.replace_substring(column, "\0", "�")
    too_long = pc.greater(pc.utf8_length(column), longest)
    cut = pc.binary_join_element_wise(pc.utf8_slice_codeunits(column, 0, longest), "…", "")
    return pc.if_else(too_long, cut, column)
