"""Commands of the services as processes: run to their end, or kept in the background while the demo lasts."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from urllib.error import URLError
from urllib.request import urlopen

from rich.console import Console

from common.errors import ApplicationError

DIRECTORY = Path("var/demo")
_SECONDS_TO_START = 60


def run_step(console: Console, description: str, service: str, *arguments: str) -> str:
    """Run `python -m service arguments` under a spinner and return what it printed. Raises with its last error line."""
    started = time.monotonic()
    with console.status(f"{description} …"):
        done = subprocess.run(
            [sys.executable, "-m", service, *arguments],
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"LOG_LEVEL": "WARNING", "COLUMNS": str(console.width)},
        )
    if done.returncode != 0:
        reason = (done.stderr.strip() or done.stdout.strip() or "no message").splitlines()[-1]
        raise ApplicationError(
            f"{service} {arguments[0]}, exit code {done.returncode}: {reason.removeprefix('error: ')}"
        )
    console.print(f"[green]✓[/] {description} [dim]({time.monotonic() - started:.1f} s)[/]")
    return done.stdout


class Servers:
    """Background processes, their output in `var/demo/<name>.log`; all of them end when the block ends."""

    def __init__(self) -> None:
        self.addresses: dict[str, str] = {}
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Servers:
        DIRECTORY.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def start(self, name: str, service: str, *arguments: str) -> subprocess.Popen[bytes]:
        """Start `python -m service arguments` in the background, apart from the terminal's Ctrl-C."""
        with (DIRECTORY / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", service, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._processes.append(process)
        return process

    def serve(self, console: Console, title: str, service: str, port: int) -> str:
        """Start a service's web server on `port`, or a free one if that is taken; return its address once ready."""
        address = f"http://127.0.0.1:{_free_port(port)}"
        with console.status(f"starting the {title} …"):
            process = self.start(service, service, "serve", "--port", address.rpartition(":")[2])
            self._await_ready(process, service, address)
        self.addresses[title] = address
        console.print(f"[green]✓[/] {title} at {address}")
        return address

    def wait(self) -> None:
        """Wait until a process ends, which none should. Raises `ApplicationError` then."""
        while all(process.poll() is None for process in self._processes):
            time.sleep(0.5)
        raise ApplicationError(f"a server stopped; its log is in {DIRECTORY}")

    def _await_ready(self, process: subprocess.Popen[bytes], service: str, address: str) -> None:
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
