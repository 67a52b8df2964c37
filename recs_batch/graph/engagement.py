"""Engagement: for every user, the weight of every user and room they dealt with."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from recs_batch.graph.messages import Messages
from recs_batch.graph.rows import Indices, Rows
from recs_batch.graph.tally import FREE, Tally, add, clear, mask_for, new_tally, place_of

Weights = npt.NDArray[np.int32]
WeightByAge = npt.NDArray[np.int64]  # by age in days, in units of an engagement; of length 1 when age does not matter

HEAVIEST = np.iinfo(np.int32).max  # two million engagements of one pair


class Events(NamedTuple):
    """All that happened, by the user who did it."""

    follows: Rows
    mentions: Rows
    subscriptions: Rows
    posts: Rows
    likes: Rows
    messages: Messages


class EventValues(NamedTuple):
    """What an event of each kind weighs, by its age in days."""

    follow: WeightByAge
    mention: WeightByAge
    subscription: WeightByAge
    post: WeightByAge
    like: WeightByAge


class Weighted(NamedTuple):
    """Weighted pairs of a block of users: user i of the block has the next `counts[i]` of them."""

    counts: npt.NDArray[np.int64]
    targets: Indices
    weights: Weights


@njit(cache=True, nogil=True)
def count_block(events: Events, values: EventValues, first: int, last: int) -> tuple[Weighted, Weighted, int]:
    """Return the engagement with users and with rooms of the users from `first` to `last`, and the repeated likes.

    A repeated like counts once, by its latest. Pairs without weight, and of a user with themselves, are left out.
    """
    users = _reserve(events.follows, events.mentions, events.likes, first, last)
    rooms = _reserve(events.subscriptions, events.posts, events.likes, first, last)
    tally = new_tally(max(_longest(events.likes, first, last), 1))
    sums = new_tally(
        _longest(events.likes, first, last)
        + max(
            _longest(events.follows, first, last) + _longest(events.mentions, first, last),
            _longest(events.subscriptions, first, last) + _longest(events.posts, first, last),
        )
        + 1
    )
    user_total = room_total = repeats = 0
    authors = events.messages.slots.values
    for user in range(first, last):
        given = _length(events.likes, user)
        liked = _latest(events.likes, user, values.like, tally, mask_for(given))
        repeats += given - liked
        mask = mask_for(liked + _length(events.follows, user) + _length(events.mentions, user))
        count = _add_likes(tally, liked, authors, sums, mask)
        count = _add_row(events.follows, user, values.follow, sums, mask, count)
        count = _add_row(events.mentions, user, values.mention, sums, mask, count)
        users.counts[user - first] = _write(sums, count, user, users, user_total)
        user_total += users.counts[user - first]
        mask = mask_for(liked + _length(events.subscriptions, user) + _length(events.posts, user))
        count = _add_likes(tally, liked, events.messages.rooms, sums, mask)
        count = _add_row(events.subscriptions, user, values.subscription, sums, mask, count)
        count = _add_row(events.posts, user, values.post, sums, mask, count)
        rooms.counts[user - first] = _write(sums, count, -1, rooms, room_total)
        room_total += rooms.counts[user - first]
        clear(tally, liked)
    return (
        Weighted(users.counts, users.targets[:user_total].copy(), users.weights[:user_total].copy()),
        Weighted(rooms.counts, rooms.targets[:room_total].copy(), rooms.weights[:room_total].copy()),
        repeats,
    )


@njit(cache=True, nogil=True, inline="always")
def _length(rows: Rows, row: int) -> int:
    return rows.ends[row] - rows.starts[row]


@njit(cache=True, nogil=True)
def _longest(rows: Rows, first: int, last: int) -> int:
    longest = 0
    for row in range(first, last):
        longest = max(longest, _length(rows, row))
    return longest


@njit(cache=True, nogil=True)
def _reserve(one: Rows, two: Rows, three: Rows, first: int, last: int) -> Weighted:
    most = 0
    for row in range(first, last):
        most += _length(one, row) + _length(two, row) + _length(three, row)
    return Weighted(np.zeros(last - first, np.int64), np.empty(most, np.int32), np.empty(most, np.int32))


@njit(cache=True, nogil=True, inline="always")
def _value(values: WeightByAge, rows: Rows, place: int) -> int:
    return values[min(rows.ages[place], len(values) - 1)] if len(rows.ages) else values[0]


@njit(cache=True, nogil=True)
def _latest(likes: Rows, user: int, values: WeightByAge, tally: Tally, mask: int) -> int:
    """Put a user's likes into the tally, by message; a repeated one with its greatest weight."""
    count = 0
    for place in range(likes.starts[user], likes.ends[user]):
        at = place_of(tally, mask, likes.targets[place])
        if tally.keys[at] == FREE:
            tally.keys[at] = likes.targets[place]
            tally.filled[count] = at
            count += 1
        tally.sums[at] = max(tally.sums[at], _value(values, likes, place))
    return count


@njit(cache=True, nogil=True)
def _add_likes(tally: Tally, liked: int, owners: Indices, sums: Tally, mask: int) -> int:
    count = 0
    for entry in range(liked):
        at = tally.filled[entry]
        count = add(sums, mask, count, owners[tally.keys[at]], tally.sums[at])
    return count


@njit(cache=True, nogil=True)
def _add_row(rows: Rows, user: int, values: WeightByAge, sums: Tally, mask: int, count: int) -> int:
    for place in range(rows.starts[user], rows.ends[user]):
        count = add(sums, mask, count, rows.targets[place], _value(values, rows, place))
    return count


@njit(cache=True, nogil=True)
def _write(sums: Tally, count: int, left_out: int, block: Weighted, start: int) -> int:
    """Write the sums behind what the block holds already, empty the tally and return how many there were."""
    end = start
    for entry in range(count):
        at = sums.filled[entry]
        if sums.keys[at] != left_out and sums.sums[at] > 0:
            block.targets[end] = sums.keys[at]
            block.weights[end] = min(sums.sums[at], HEAVIEST)
            end += 1
    clear(sums, count)
    return end - start
