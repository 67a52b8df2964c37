"""Commands of the services as processes: run to their end, or kept in the background while the demo lasts."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from common.errors import ApplicationError
from demo.code import code_version_of_files

DIRECTORY = Path("var/demo")
_SECONDS_TO_START = 60


class Processes:
    """The demo's processes, of whatever thread; all of them end when the block ends."""

    def __init__(self) -> None:
        self.addresses: dict[str, str] = {}
        self._running: list[subprocess.Popen[Any]] = []
        self._ending, self._lock = False, threading.Lock()
        self._environment = os.environ | {"CODE_VERSION": code_version_of_files()}

    def __enter__(self) -> Processes:
        DIRECTORY.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with self._lock:
            self._ending = True
        for process in self._running:
            process.terminate()
        for process in self._running:
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def run(self, service: str, *arguments: str, width: int) -> str:
        """Run `python -m service arguments` and return what it printed. Raises with its last line if it fails."""
        quiet = {"LOG_LEVEL": "WARNING", "COLUMNS": str(width)}
        process = self._start(service, arguments, quiet, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        output, errors = process.communicate()
        if process.returncode != 0:
            reason = (errors.strip() or output.strip() or "no message").splitlines()[-1]
            raise ApplicationError(
                f"{service} {arguments[0]}, exit code {process.returncode}: {reason.removeprefix('error: ')}"
            )
        return str(output)

    def start(self, name: str, service: str, *arguments: str) -> subprocess.Popen[Any]:
        """Start `python -m service arguments` in the background, its output in `var/demo/<name>.log`."""
        with (DIRECTORY / f"{name}.log").open("wb") as log:
            return self._start(service, arguments, {}, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)

    def serve(self, title: str, service: str, port: int) -> str:
        """Start a service's web server on `port`, or a free one if that is taken; return its address once ready."""
        address = f"http://127.0.0.1:{_free_port(port)}"
        process = self.start(service, service, "serve", "--port", address.rpartition(":")[2])
        _await_ready(process, service, address)
        self.addresses[title] = address
        return address

    def wait(self) -> None:
        """Wait until a process that was to stay ends, which none should. Raises `ApplicationError` then."""
        staying = [process for process in self._running if process.poll() is None]
        while all(process.poll() is None for process in staying):
            time.sleep(0.5)
        raise ApplicationError(f"a server stopped; its log is in {DIRECTORY}")

    def _start(
        self, service: str, arguments: tuple[str, ...], environment: dict[str, str], **streams: Any
    ) -> subprocess.Popen[Any]:
        """Start a process apart from the terminal's Ctrl-C, unless the demo is ending."""
        with self._lock:
            if self._ending:
                raise ApplicationError("the demo was stopped")
            process = subprocess.Popen(
                [sys.executable, "-m", service, *arguments],
                env=self._environment | environment,
                start_new_session=True,
                **streams,
            )
            self._running.append(process)
        return process


def _await_ready(process: subprocess.Popen[Any], service: str, address: str) -> None:
    deadline = time.monotonic() + _SECONDS_TO_START
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urlopen(f"{address}/readyz", timeout=5):  # noqa: S310 (an address of our own)
                return
        except (URLError, OSError):
            time.sleep(0.1)
    raise ApplicationError(f"{service} serve did not get ready; see {DIRECTORY / service}.log")


def _free_port(preferred: int) -> int:
    for port in (preferred, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            free: int = probe.getsockname()[1]
            return free
    raise ApplicationError("no free port on 127.0.0.1")
