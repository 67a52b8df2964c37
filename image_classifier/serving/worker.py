"""The gunicorn worker: one loop that reads and writes, so that a slow client costs memory and nothing else."""

from __future__ import annotations

import asyncio
import gc
import os
import resource
import signal
import socket
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import uvloop
from gunicorn.workers.base import Worker

from image_classifier.serving.clients import Clients
from image_classifier.serving.connections import Connection
from image_classifier.serving.following import note_ready
from image_classifier.serving.front import Front
from image_classifier.serving.service import Service

_BEAT_SECONDS = 0.5
_BUFFERED_BYTES = 32 << 20  # bodies that have come in part or wait to be answered, together
_CONNECTIONS = 2000
_FRESH_SECONDS = 0.5
_ACCEPTED_AT_ONCE = 64


class BufferingWorker(Worker):  # type: ignore[misc] # gunicorn has no types
    """Takes whole requests in without a thread for each, and answers them; SIGTERM finishes what has been accepted."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._opening: set[asyncio.Task[Any]] = set()

    def run(self) -> None:
        """Serve until told to stop."""
        service: Service = self.wsgi.extensions["service"]
        front = Front(self.wsgi, service)
        settings = service.settings
        self._clients = Clients(
            front.answer,
            lambda status: service.metrics.count_request("none", status, 0.0),
            settings.max_body_bytes,
            max(_BUFFERED_BYTES, 2 * settings.max_body_bytes),
            _CONNECTIONS,
            settings.request_seconds,
        )
        _allow_open_files(_CONNECTIONS + 100)
        gc.freeze()  # what was made at the start is not looked through again
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        stopping = asyncio.Event()
        loop.add_signal_handler(signal.SIGTERM, stopping.set)
        for listener in self.sockets:
            listener.setblocking(False)
            loop.add_reader(listener.fileno(), self._accept, listener.sock)
        note_ready(Path(self.cfg.worker_tmp_dir))
        while (
            self.alive and not stopping.is_set() and self.ppid == os.getppid()
        ):  # it may have been told while it began
            self._beat()
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), _BEAT_SECONDS)
        await self._finish()

    def _beat(self) -> None:
        self.notify()
        self._clients.sweep()

    def _accept(self, listener: socket.socket) -> int:
        """Take connections that wait in the backlog; returns how many."""
        loop = asyncio.get_running_loop()
        for number in range(_ACCEPTED_AT_ONCE):
            try:
                connection, _ = listener.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return number
            except OSError as error:  # no file is free: what waits longest makes room
                self.log.warning("a connection cannot be accepted: %s", error)
                self._clients.make_room(1)
                return number
            connection.setblocking(False)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            task = loop.create_task(loop.connect_accepted_socket(lambda: Connection(self._clients), connection))
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)
        return _ACCEPTED_AT_ONCE

    async def _finish(self) -> None:
        """Accept what waits in the backlog, then finish every request that has begun."""
        loop = asyncio.get_running_loop()
        for listener in self.sockets:
            loop.remove_reader(listener.fileno())
            while self._accept(listener.sock):
                pass
            listener.close()
        while self._opening:
            await asyncio.wait(self._opening)
        self._clients.close(also_fresh=False)
        await asyncio.sleep(_FRESH_SECONDS)  # what the last to connect have sent is read
        self._clients.close(also_fresh=True)
        deadline = time.monotonic() + self.cfg.graceful_timeout
        while self._clients.connections and time.monotonic() < deadline:
            self._beat()
            await asyncio.sleep(0.05)


def _allow_open_files(count: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count if hard == resource.RLIM_INFINITY else min(count, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
