"""Work on blocks of users: in threads, in order, with progress; and joining what was found for one block."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from numba import njit

from common.progress import track
from recs_batch.graph.found import Found
from recs_batch.graph.rows import Indices
from recs_batch.recommendations import REASONS, Recommendations

Result = TypeVar("Result")
_THREADS = 2
_USERS_AT_ONCE = 1 << 14


def over_blocks(users: int, work: Callable[[int, int], Result], description: str) -> Iterator[tuple[int, int, Result]]:
    """Yield `(first, last, work(first, last))` for block after block of users; the next ones are computed meanwhile.

    `work` must be safe to run in several threads and release the lock of the interpreter to gain from it.
    """
    blocks = [(first, min(first + _USERS_AT_ONCE, users)) for first in range(0, users, _USERS_AT_ONCE)]
    with ThreadPoolExecutor(_THREADS) as pool:
        started: deque[tuple[int, int, Future[Result]]] = deque()
        for first, last in track(blocks, description):
            started.append((first, last, pool.submit(work, first, last)))
            if len(started) > _THREADS:
                yield _finished(*started.popleft())
        while started:
            yield _finished(*started.popleft())


def with_ids(
    found: Found,
    first: int,
    user_ids: npt.NDArray[np.int64],
    room_ids: npt.NDArray[np.int64],
    of_users: bool,
    unit: int,
) -> Recommendations:
    """Return a block's recommendations with ids in place of indices; the block begins at user `first`."""
    items = user_ids if of_users else room_ids
    connection = found.reason_kinds == REASONS.index("connection")
    reasons = np.where(connection, 0, room_ids[np.where(connection, 0, found.reasons)] if len(room_ids) else 0)
    reasons[connection] = user_ids[found.reasons[connection]]
    reasons[found.reason_kinds == REASONS.index("overall")] = 0
    return Recommendations(
        user=np.repeat(user_ids[first : first + len(found.counts)], found.counts),
        rank=_ranks(found.counts),
        item=items[found.items],
        score=found.scores,
        starts=np.concatenate([[0], np.cumsum(found.reason_counts)]),
        reason_kind=found.reason_kinds,
        reason=reasons,
        reason_weight=found.reason_weights,
        unit=unit,
    )


@njit(cache=True, nogil=True)
def join_blocks(found: Found, users: Indices, other: Found) -> Found:
    """Put what was found in `other` for `users` (places in the block, ascending) into the block's empty rows."""
    items, reasons = len(found.items) + len(other.items), len(found.reasons) + len(other.reasons)
    joined = Found(
        found.counts.copy(),
        np.empty(items, np.int32),
        np.empty(items, np.int64),
        np.empty(items, np.int64),
        np.empty(reasons, np.int8),
        np.empty(reasons, np.int32),
        np.empty(reasons, np.int64),
    )
    joined.counts[users] = other.counts
    here, there, item, reason = (0, 0), (0, 0), 0, 0
    next_user = 0
    for user in range(len(found.counts)):
        if next_user < len(users) and users[next_user] == user:
            there = _copy(other, there, joined, item, reason, other.counts[next_user])
            next_user += 1
        else:
            here = _copy(found, here, joined, item, reason, found.counts[user])
        item, reason = here[0] + there[0], here[1] + there[1]
    return joined


@njit(cache=True, nogil=True)
def _copy(source: Found, at: tuple[int, int], target: Found, item: int, reason: int, count: int) -> tuple[int, int]:
    from_item, from_reason = at
    for _ in range(count):
        target.items[item], target.scores[item] = source.items[from_item], source.scores[from_item]
        target.reason_counts[item] = source.reason_counts[from_item]
        for _ in range(source.reason_counts[from_item]):
            target.reason_kinds[reason] = source.reason_kinds[from_reason]
            target.reasons[reason] = source.reasons[from_reason]
            target.reason_weights[reason] = source.reason_weights[from_reason]
            reason, from_reason = reason + 1, from_reason + 1
        item, from_item = item + 1, from_item + 1
    return from_item, from_reason


@njit(cache=True, nogil=True)
def _ranks(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
    ranks, item = np.empty(counts.sum(), np.int32), 0
    for count in counts:
        for rank in range(1, count + 1):
            ranks[item] = rank
            item += 1
    return ranks


def _finished(first: int, last: int, future: Future[Result]) -> tuple[int, int, Result]:
    return first, last, future.result()
