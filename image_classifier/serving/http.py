"""Whole requests and replies, as they pass between the connections and those who answer."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Request:
    """A whole request: the target as sent, headers with names in lower case, the body."""

    method: str = ""
    target: bytes = b""
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""
    peer: str = ""
    version: str = "1.1"

    def header(self, name: bytes) -> bytes:
        """Return a header's value, or nothing."""
        return next((value for key, value in self.headers if key == name), b"")


@dataclass(slots=True)
class Reply:
    """What is answered: the status with its words, headers but for those of the connection, and the body."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes


def problem_reply(status: int, title: str, detail: str, **members: Any) -> Reply:
    """Return a problem document (RFC 9457)."""
    body = json.dumps({"type": "about:blank", "title": title, "status": status, "detail": detail, **members}).encode()
    headers = [("Content-Type", "application/problem+json")]
    if status == 503:
        headers.append(("Retry-After", "1"))
    return Reply(f"{status} {title}", headers, body)
