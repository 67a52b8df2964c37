"""A product's part of the demo: its steps run beside those of the others; what they say is kept until its turn."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.status import Status

from demo.processes import Processes


class Activity:
    """What all stages are doing, on the one line that a terminal shows while it waits."""

    def __init__(self, status: Status) -> None:
        self._status, self._lock = status, threading.Lock()
        self._descriptions: list[str] = []

    @contextmanager
    def of(self, description: str) -> Iterator[None]:
        """Show a description while the block lasts."""
        with self._lock:
            self._descriptions.append(description)
            self._show()
        try:
            yield
        finally:
            with self._lock:
                self._descriptions.remove(description)
                self._show()

    def _show(self) -> None:
        self._status.update(" · ".join(f"{description} …" for description in self._descriptions))


class Stage:
    """Takes steps, and prints to a console of its own, as wide as the terminal."""

    def __init__(self, terminal: Console, activity: Activity, processes: Processes) -> None:
        self._printed = io.StringIO()
        self.console = Console(
            file=self._printed, width=terminal.width, force_terminal=terminal.is_terminal, highlight=False
        )
        self._activity, self.processes = activity, processes

    @property
    def printed(self) -> str:
        """What was printed so far."""
        return self._printed.getvalue()

    def step(self, description: str, service: str, *arguments: str) -> str:
        """Run `python -m service arguments` and return what it printed. Raises `ApplicationError` if it fails."""
        started = time.monotonic()
        with self._activity.of(description):
            output = self.processes.run(service, *arguments, width=self.console.width)
        self.console.print(f"[green]✓[/] {description} [dim]({time.monotonic() - started:.1f} s)[/]")
        return output

    def show(self, description: str, service: str, *arguments: str) -> None:
        """Take a step and print what it printed."""
        self.console.out(self.step(description, service, *arguments), end="")

    def serve(self, title: str, service: str, port: int) -> str:
        """Start a service's web server and return its address once it is ready."""
        with self._activity.of(f"start the {title}"):
            address = self.processes.serve(title, service, port)
        self.console.print(f"[green]✓[/] {title} at {address}")
        return address
