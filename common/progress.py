"""Progress for long work: a bar on a terminal, a log line every few seconds where nobody watches a terminal."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sized
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from common.logs import get_logger

Item = TypeVar("Item")
_SECONDS_BETWEEN_LINES = 10.0

log = get_logger(__name__)


def track(items: Iterable[Item], description: str, total: int | None = None) -> Iterator[Item]:
    """Yield the items and show how many of `total` (by default `len(items)`) are done."""
    if total is None and isinstance(items, Sized):
        total = len(items)
    console = Console(stderr=True)
    shown = _on_terminal if console.is_terminal else _in_log
    yield from shown(items, description, total)


def _on_terminal(items: Iterable[Item], description: str, total: int | None) -> Iterator[Item]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        yield from progress.track(items, description=description, total=total)


def _in_log(items: Iterable[Item], description: str, total: int | None) -> Iterator[Item]:
    started = reported = time.monotonic()
    for done, item in enumerate(items, start=1):
        yield item
        now = time.monotonic()
        if now - reported >= _SECONDS_BETWEEN_LINES:
            reported = now
            log.info(description, done=done, total=total, elapsed_s=round(now - started, 1))
