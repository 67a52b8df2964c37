"""Whom and which rooms a user is near to: more of them than the closest, and followers too, for the blended score."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from recs_batch.graph.closest import is_in
from recs_batch.graph.engagement import Weighted
from recs_batch.graph.rows import Positions, Rows, append, count_keys, reserve
from recs_batch.parameters import UNITS_PER_ENGAGEMENT

MOST_NEAR = 48  # users, or rooms, by engagement
MOST_NEIGHBOURS = 64  # with followers whom the user does not engage with


def turned_around(rows: Rows, count: int) -> Rows:
    """Return the sources of each of `count` targets, ascending: followers for follows, members for memberships."""
    counts = np.zeros(count, np.int64)
    count_keys(rows.targets, counts)
    turned = reserve(counts, with_ages=False)
    sources = np.repeat(np.arange(len(rows.starts), dtype=np.int32), rows.ends - rows.starts)
    append(rows.targets, sources, np.empty(0, np.uint16), turned)
    return turned


@njit(cache=True, nogil=True)
def degrees(follows: Rows, followers: Rows) -> Positions:
    """Return how many others each user follows or is followed by; mutual follows count once, nobody counts 1."""
    counts = np.ones(len(follows.starts), np.int64)
    for user in range(len(counts)):
        count = follows.ends[user] - follows.starts[user] + followers.ends[user] - followers.starts[user]
        one, other = follows.starts[user], followers.starts[user]
        while one < follows.ends[user] and other < followers.ends[user]:
            here, there = follows.targets[one], followers.targets[other]
            count -= here == there
            one += here <= there
            other += there <= here
        counts[user] = max(count, 1)
    return counts


@njit(cache=True, nogil=True)
def with_followers(
    near: Weighted, followers: Rows, hidden: Rows, active: npt.NDArray[np.bool_], first: int, last: int
) -> Weighted:
    """Return the near users of a block with active followers behind them, each as heavy as one engagement."""
    most = (last - first) * MOST_NEIGHBOURS
    counts, targets, weights = near.counts.copy(), np.empty(most, np.int32), np.empty(most, np.int32)
    start = end = 0
    for user in range(first, last):
        stop, begin = start + near.counts[user - first], end
        for place in range(start, stop):
            targets[end], weights[end] = near.targets[place], near.weights[place]
            end += 1
        for place in range(followers.starts[user], followers.ends[user]):
            follower = followers.targets[place]
            if end - begin == MOST_NEIGHBOURS:
                break
            if active[follower] and not is_in(hidden, user, follower) and not np.any(targets[begin:end] == follower):
                targets[end], weights[end] = follower, UNITS_PER_ENGAGEMENT
                end += 1
        counts[user - first] = end - begin
        start = stop
    return Weighted(counts, targets[:end].copy(), weights[:end].copy())
