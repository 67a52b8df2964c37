"""The local AWS at an address of its own, at which it can be away; what it holds, its process keeps."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import BaseWSGIServer, make_server


class AwsWithOutages:
    """Serves what the tests' other local AWS serves, if it is not away; its address stays the same."""

    def __init__(self, host: str) -> None:
        self.host, self.port = host, 0
        self._connections: set[socket.socket] = set()
        self._server: BaseWSGIServer | None = None
        self.come_back()

    @property
    def endpoint(self) -> str:
        """Its address for clients."""
        return f"http://{self.host}:{self.port}"

    def come_back(self) -> None:
        """Answer again."""
        connections = self._connections

        class Handler(MotoRequestHandler):
            def setup(self) -> None:
                super().setup()
                connections.add(self.connection)

        application = DomainDispatcherApplication(create_backend_app)
        self._server = make_server(self.host, self.port, application, threaded=True, request_handler=Handler)
        self.port = self._server.port
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def go_away(self) -> None:
        """Break off every connection and refuse new ones."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
        while self._connections:
            with suppress(OSError):
                self._connections.pop().shutdown(socket.SHUT_RDWR)


@contextmanager
def aws_with_outages(host: str = "127.0.0.1") -> Iterator[AwsWithOutages]:
    """Serve it on a free port of `host`."""
    aws = AwsWithOutages(host)
    try:
        yield aws
    finally:
        aws.go_away()
