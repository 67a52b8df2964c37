"""The connections of a worker together: what they may hold, how many they may be, and which of them goes first."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import TYPE_CHECKING

from image_classifier.serving.http import Reply, Request

if TYPE_CHECKING:
    from image_classifier.serving.connections import Connection

Answer = Callable[[Request], Reply | Awaitable[Reply]]


@dataclass
class Clients:
    """All the connections of a worker, and what they may hold together."""

    answer: Answer
    count_refusal: Callable[[int], None]
    max_body_bytes: int
    max_buffered_bytes: int
    max_connections: int
    request_seconds: float
    idle_seconds: float = 75.0
    connections: set[Connection] = field(default_factory=set)
    buffered: int = 0
    closing: bool = False
    date: str = ""

    def sweep(self) -> None:
        """End what is overdue; called about twice a second."""
        self.date = formatdate(usegmt=True)
        now = asyncio.get_running_loop().time()
        for connection in [c for c in self.connections if c.deadline < now]:
            connection.expire()

    def make_room(self, connections: int = 0) -> None:
        """While bodies take more memory than they may, or connections are too many, end the one that is at it longest.

        Also for so many `connections` more.
        """
        waiting = sorted((c for c in self.connections if not c.answering), key=lambda c: c.since)
        excess = len(self.connections) + connections - self.max_connections
        for number, connection in enumerate(waiting):
            if number >= excess and self.buffered <= self.max_buffered_bytes:
                return
            connection.expire()

    def close(self, *, also_fresh: bool) -> None:
        """Take no further request on any connection; the requests that have begun are finished.

        A fresh connection has not brought its first request yet.
        """
        self.closing = True
        for connection in list(self.connections):
            if also_fresh or not connection.fresh:
                connection.close_if_idle()
