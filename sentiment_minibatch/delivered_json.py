"""A delivery as a line of JSON, the form in which files and streams hold it. It needs the standard library alone."""

from __future__ import annotations

import json
from typing import Any

from sentiment_minibatch.scores import Delivery


def delivery_of_json(line: str | bytes) -> Delivery:
    """Return what one line of JSON delivers; numbers keep the digits they were written with.

    A line that is no JSON object is a delivery whose fields are all absent but the first, which holds the line.
    """
    try:
        record = json.loads(line, parse_float=str, parse_int=str, parse_constant=str)
    except (ValueError, RecursionError):
        record = None
    if not isinstance(record, dict):
        text = line.decode("utf-8", "replace") if isinstance(line, bytes) else line
        return Delivery(text_of(text.strip()), None, None, None)
    return Delivery(*(text_of(record.get(field)) for field in Delivery._fields))


def text_of(value: Any) -> str | None:
    """Return a value as text that PostgreSQL can hold: no NUL, no lone surrogate."""
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value)
    return text if text.isascii() and "\0" not in text else text.encode("utf-8", "replace").decode().replace("\0", "�")
