"""Deliveries and messages as lines of JSON, as files and streams hold them. It needs the standard library alone."""

from __future__ import annotations

import json
from typing import Any

from sentiment_minibatch.scores import Delivery


def delivery_of_json(line: str | bytes) -> Delivery:
    """Return what one line of JSON delivers, as `values_of_json` does."""
    return Delivery(*values_of_json(line, Delivery._fields))


def values_of_json(line: str | bytes, fields: tuple[str, ...]) -> tuple[str | None, ...]:
    """Return the fields of one line of JSON; numbers keep the digits they were written with.

    Of a line that is no JSON object all are absent but the first, which holds the line.
    """
    record = object_of_json(line)
    if record is None:
        text = line.decode("utf-8", "replace") if isinstance(line, bytes) else line
        return (text_of(text.strip()), *[None] * (len(fields) - 1))
    return tuple(text_of(record.get(field)) for field in fields)


def object_of_json(line: str | bytes) -> dict[str, Any] | None:
    """Return the object that a line of JSON is, or None if it is none."""
    try:
        record = json.loads(line, parse_float=str, parse_int=str, parse_constant=str)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def text_of(value: Any) -> str | None:
    """Return a value as text that PostgreSQL can hold: no NUL, no lone surrogate."""
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value)
    return text if text.isascii() and "\0" not in text else text.encode("utf-8", "replace").decode().replace("\0", "�")
