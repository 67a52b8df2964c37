"""A message in the raw stream, a line of JSON. It needs the standard library alone."""

from __future__ import annotations

from sentiment_minibatch.delivered_json import object_of_json, text_of
from sentiment_minibatch.scoring.message import Message


def message_in_stream(data: bytes) -> Message | None:
    """Return the message in a record of the raw stream, or None if it is none: it has a text and no score."""
    if b'"text"' not in data:
        return None
    record = object_of_json(data)
    if record is None or "text" not in record or "score" in record:
        return None
    return Message._make(text_of(record.get(field)) for field in Message._fields)
