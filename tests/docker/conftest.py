"""Containers run as a hardened cluster would run them, and a PostgreSQL that they reach over TCP."""

from __future__ import annotations

import json
import os
import socket
import socketserver
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from common.errors import ConfigurationError
from operations.images import Image, container_tool

HARDENED = ["--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"]
HARDENED += ["--user", "12345"]
TAG = os.environ.get("IMAGE_TAG", "dev")


@pytest.fixture(scope="session")
def tool() -> str:
    try:
        return container_tool()
    except ConfigurationError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def reference(tool: str) -> Callable[[str], str]:
    """The local name of an image that `make images` built."""

    def local(name: str) -> str:
        found = Image(name).local(TAG)
        if subprocess.run([tool, "image", "inspect", found], capture_output=True, check=False).returncode:
            pytest.skip(f"{found} is not built: run `make images`, or `make test-images`, which does")
        return found

    return local


@pytest.fixture
def inspect(tool: str) -> Callable[[str], Any]:
    """What an image says of itself."""

    def inspected(reference: str) -> Any:
        done = subprocess.run([tool, "image", "inspect", reference], capture_output=True, text=True, check=True)
        return json.loads(done.stdout)[0]

    return inspected


@pytest.fixture
def run(tool: str) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a container to its end."""

    def to_the_end(
        image: str, *command: str, flags: Sequence[str] = HARDENED, memory: str = "2g", options: Sequence[str] = ()
    ) -> subprocess.CompletedProcess[str]:
        arguments = [tool, "run", "--rm", "--no-healthcheck", *flags, "--memory", memory, *options, image, *command]
        return subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=240)

    return to_the_end


class Service:
    """A container that answers HTTP, seen from outside."""

    def __init__(self, tool: str, container: str, port: int) -> None:
        self._tool, self.container, self.port = tool, container, port
        self.url = f"http://127.0.0.1:{port}"

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(f"{self.url}{path}", timeout=30) as response:
            return json.load(response)

    def post(self, path: str, body: bytes, kind: str) -> Any:
        request = urllib.request.Request(f"{self.url}{path}", data=body, headers={"Content-Type": kind})
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.load(response)

    def wait(self, path: str, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while True:
            try:
                self.get(path)
                return
            except OSError as error:
                if time.monotonic() > deadline or not self.is_running():
                    raise AssertionError(f"never ready: {error}\n{self.log()}") from None
                time.sleep(0.2)

    def is_running(self) -> bool:
        return self._inspect("{{.State.Running}}") == "true"

    def terminate(self) -> int:
        """Send SIGTERM, and SIGKILL half a minute later; return the exit code."""
        subprocess.run([self._tool, "stop", "--time", "30", self.container], capture_output=True, check=True)
        return int(self._inspect("{{.State.ExitCode}}"))

    def log(self) -> str:
        done = subprocess.run([self._tool, "logs", self.container], capture_output=True, text=True, check=False)
        return done.stdout + done.stderr

    def _inspect(self, form: str) -> str:
        arguments = [self._tool, "container", "inspect", "--format", form, self.container]
        return subprocess.run(arguments, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def serve(tool: str) -> Iterator[Callable[..., Service]]:
    """Start a container that serves; it is removed after the test."""
    started: list[str] = []

    def start(
        image: str, *command: str, inside: int, flags: Sequence[str] = HARDENED, options: Sequence[str] = ()
    ) -> Service:
        port = free_port()
        publish = [] if "host" in options else ["--publish", f"127.0.0.1:{port}:{inside}"]
        arguments = [tool, "run", "--detach", "--no-healthcheck", *flags, "--memory", "512m", *publish, *options]
        done = subprocess.run([*arguments, image, *command], capture_output=True, text=True, check=True)
        started.append(done.stdout.strip())
        return Service(tool, started[-1], inside if "host" in options else port)

    yield start
    for container in started:
        subprocess.run([tool, "rm", "--force", container], capture_output=True, check=True)


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def database_over_tcp(database_url: str) -> Iterator[str]:
    """The address of the test's database as a container in the host's network reaches it: the embedded server listens
    on a Unix socket alone, so connections are passed on to it."""
    path = Path(database_url.partition("host=")[2], ".s.PGSQL.5432")
    with _forwarding_to(path) as port:
        name = database_url.partition("?")[0].rpartition("/")[2]
        yield f"postgresql://postgres@127.0.0.1:{port}/{name}"


@contextmanager
def _forwarding_to(path: Path) -> Iterator[int]:
    class Connection(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with closing(socket.socket(socket.AF_UNIX)) as server:
                server.connect(str(path))
                answers = threading.Thread(target=_copy, args=(server, self.request), daemon=True)
                answers.start()
                _copy(self.request, server)
                answers.join()

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

    with Server(("127.0.0.1", 0), Connection) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def _copy(source: socket.socket, target: socket.socket) -> None:
    while chunk := source.recv(65536):
        target.sendall(chunk)
    target.shutdown(socket.SHUT_WR)
