"""HTTP/1.1 without waiting: a connection takes requests in as their bytes come, and hands each on when it is whole."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import cast

import httptools

from image_classifier.serving.clients import Clients
from image_classifier.serving.http import Reply, Request, problem_reply

_MOST_HEADER_BYTES = 64 << 10
_LINGER_SECONDS = 2.0


class Connection(asyncio.Protocol):
    """One client's connection, one request after another."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._parser = httptools.HttpRequestParser(self)
        self._request = Request()
        self._chunks: list[bytes] = []
        self._size = self._head_size = self._discarded = 0
        self._whole: deque[tuple[Request, bool, int]] = deque()
        self._begun = self._refused = self._blocked = self._in_body = self._last = False
        self.answering, self.fresh = False, True
        self.since = asyncio.get_running_loop().time()
        self.deadline = self.since + clients.request_seconds

    # --- the transport's side -------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("peername")
        self._peer = str(peer[0]) if isinstance(peer, tuple) else ""
        self._clients.connections.add(self)
        self._clients.make_room()

    def connection_lost(self, _error: Exception | None) -> None:
        """End: what is held is let go."""
        self._clients.connections.discard(self)
        self._clients.buffered -= self._size + sum(size for _, _, size in self._whole)
        self._size = 0
        self._whole.clear()
        self._refused = True

    def data_received(self, data: bytes) -> None:
        """Take in bytes."""
        if self._refused:
            self._discarded += len(data)
            if self._discarded > self._clients.max_body_bytes:
                self._transport.pause_reading()  # it has been told, and will be cut off
            return
        if not self._in_body:
            self._head_size += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._refuse_if_unanswered()
        except httptools.HttpParserError as error:
            self._refuse(400, "Bad Request", f"this is not HTTP/1.1: {error}")
        if not self._in_body and self._head_size > _MOST_HEADER_BYTES:
            self._refuse_head()

    def eof_received(self) -> bool:
        """Take note that the client sends no more; it may still wait for answers."""
        self._last = True
        if self._begun:
            self.expire()
        return self.answering or bool(self._whole)

    def pause_writing(self) -> None:
        """Make no further answer for a client that does not read."""
        self._blocked = True

    def resume_writing(self) -> None:
        """Go on: the client reads again."""
        self._blocked = False
        self._next()

    # --- the parser's side ----------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._begun, self.fresh = True, False
        self._request = Request(peer=self._peer)
        self.since = asyncio.get_running_loop().time()
        if not self.answering:
            self.deadline = self.since + self._clients.request_seconds

    def on_url(self, url: bytes) -> None:
        """Take the target, perhaps in pieces."""
        self._request.target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        self._request.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Refuse a body that is declared too large, and tell a client that asks that it may send."""
        self._in_body, self._head_size = True, 0
        self._request.method = self._parser.get_method().decode()
        self._request.version = self._parser.get_http_version()
        length = self._request.header(b"content-length")
        if sum(len(name) + len(value) for name, value in self._request.headers) > _MOST_HEADER_BYTES:
            self._refuse_head()
        elif length.isdigit() and int(length) > self._clients.max_body_bytes:
            self._refuse_body()
        elif self._request.header(b"expect").lower() == b"100-continue":
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, data: bytes) -> None:
        """Take a piece of the body."""
        if self._refused:
            return
        self._chunks.append(data)
        self._size += len(data)
        self._clients.buffered += len(data)
        if self._size > self._clients.max_body_bytes:
            self._refuse_body()
        elif self._clients.buffered > self._clients.max_buffered_bytes:
            self._clients.make_room()

    def on_message_complete(self) -> None:
        """Hand a whole request on."""
        if self._refused:
            return
        self._request.body = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        self._whole.append((self._request, self._parser.should_keep_alive(), self._size))
        self._chunks, self._size = [], 0
        self._begun = self._in_body = False
        self._next()

    # --- answering ------------------------------------------------------------------------------------------------

    def _next(self) -> None:
        if self.answering or self._blocked or not self._whole or self._transport.is_closing():
            return
        request, keep, size = self._whole.popleft()
        self.answering, self.deadline = True, float("inf")
        reply = self._clients.answer(request)
        if isinstance(reply, Reply):
            self._send(request, reply, size, keep=keep)
        else:
            self._transport.pause_reading()
            task = asyncio.ensure_future(reply)
            task.add_done_callback(lambda done: self._send(request, done.result(), size, keep=keep, waited=True))

    def _send(self, request: Request, reply: Reply, size: int, *, keep: bool, waited: bool = False) -> None:
        self._clients.buffered -= size
        self.answering = False
        self.since = asyncio.get_running_loop().time()
        self.deadline = self.since + (self._clients.request_seconds if self._begun else self._clients.idle_seconds)
        if self._transport.is_closing():
            return
        closing = self._last or self._clients.closing
        keep = keep and not self._refused and not (closing and not self._begun and not self._whole)
        self._write(reply, keep=keep, body=request.method != "HEAD")
        if not keep:
            self._finish()
        elif waited:
            self._transport.resume_reading()
            self._next()
        elif self._whole:
            asyncio.get_running_loop().call_soon(self._next)

    def _write(self, reply: Reply, *, keep: bool, body: bool = True) -> None:
        head = [f"HTTP/1.1 {reply.status}\r\nDate: {self._clients.date}\r\nContent-Length: {len(reply.body)}\r\n"]
        head += [f"{name}: {value}\r\n" for name, value in reply.headers if name.lower() != "content-length"]
        head.append("Connection: keep-alive\r\n\r\n" if keep else "Connection: close\r\n\r\n")
        self._transport.write("".join(head).encode("latin-1") + (reply.body if body else b""))

    # --- ending ---------------------------------------------------------------------------------------------------

    def expire(self) -> None:
        """End what is overdue or in the way: a request that has begun is answered 408, a silent connection closed."""
        if self._begun and not self._refused:
            detail = "the request did not arrive in time, or the client closed the connection"
            self._refuse(408, "Request Timeout", detail)
        elif self._transport.get_write_buffer_size():
            self._transport.abort()
        else:
            self._transport.close()

    def close_if_idle(self) -> None:
        """Close the connection unless a request has begun."""
        if not self._begun and not self.answering and not self._whole:
            self._transport.close()

    def _refuse_head(self) -> None:
        self._refuse(431, "Request Header Fields Too Large", f"the headers are over {_MOST_HEADER_BYTES} bytes")

    def _refuse_body(self) -> None:
        most = self._clients.max_body_bytes
        limit = {"name": "body_bytes", "value": most}
        detail = f"the body is larger than {most} bytes"
        self._refuse(413, "Content Too Large", detail, limit=limit)

    def _refuse_if_unanswered(self) -> None:
        """Another protocol was asked for: the request has been answered in HTTP/1.1, and what follows is not read."""
        if self._begun:
            self._refuse(400, "Bad Request", "only HTTP/1.1 is spoken here")
        else:
            self._refused = True

    def _refuse(self, status: int, title: str, detail: str, **members: object) -> None:
        if self._refused or self._transport.is_closing():
            return
        self._refused = True
        self._clients.buffered -= self._size
        self._chunks, self._size = [], 0
        self._clients.count_refusal(status)
        if not self.answering:  # else the answer before it goes out, and the connection ends with that
            self._write(problem_reply(status, title, detail, **members), keep=False)
            self._finish()

    def _finish(self) -> None:
        """Say that nothing follows; a client that still sends gets a while to read: closing could lose the answer."""
        self._refused = True
        if self._begun and self._transport.can_write_eof():
            self._transport.write_eof()
            self.deadline = asyncio.get_running_loop().time() + _LINGER_SECONDS
        else:
            self._transport.close()
