"""A message as a line of JSON, the form in which files and streams hold it. It needs the standard library alone."""

from __future__ import annotations

import json
from typing import Any

from sentiment_minibatch.delivered_json import text_of
from sentiment_minibatch.scoring.message import Message


def message_of_json(line: str | bytes) -> Message:
    """Return what one line of JSON says; a line that is no object is a message without any field."""
    record = _object_of(line)
    return _message_of(record or {})


def message_in_stream(data: bytes) -> Message | None:
    """Return the message in a record of the raw stream, or None if it is none: it has a text and no score."""
    if b'"text"' not in data:
        return None
    record = _object_of(data)
    return _message_of(record) if record and "text" in record and "score" not in record else None


def _object_of(line: str | bytes) -> dict[str, Any] | None:
    try:
        record = json.loads(line, parse_float=str, parse_int=str, parse_constant=str)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def _message_of(record: dict[str, Any]) -> Message:
    return Message._make(text_of(record.get(field)) for field in Message._fields)
