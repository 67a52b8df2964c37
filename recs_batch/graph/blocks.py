"""Work on blocks of users: in threads, in order, with progress."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from common.progress import track

Result = TypeVar("Result")
_THREADS = 2


def over_blocks(
    count: int, at_once: int, work: Callable[[int, int], Result], description: str
) -> Iterator[tuple[int, int, Result]]:
    """Yield `(first, last, work(first, last))` for block after block of `count`; the next ones are computed meanwhile.

    There is always a block, if an empty one. `work` must be safe to run in several threads, and release the lock of
    the interpreter to gain from it.
    """
    blocks = [(first, min(first + at_once, count)) for first in range(0, max(count, 1), at_once)]
    with ThreadPoolExecutor(_THREADS) as pool:
        started: deque[tuple[int, int, Future[Result]]] = deque()
        for first, last in track(blocks, description):
            started.append((first, last, pool.submit(work, first, last)))
            if len(started) > _THREADS:
                yield _finished(*started.popleft())
        while started:
            yield _finished(*started.popleft())


def _finished(first: int, last: int, future: Future[Result]) -> tuple[int, int, Result]:
    return first, last, future.result()
