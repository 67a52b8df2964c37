"""Messages by id, with their author and room: what a like's message id leads to."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from recs_batch.graph.reading import TableFiles, instants, integers
from recs_batch.graph.rows import Ages, Indices, Positions, Rows, age_in_days, append, count_keys, reserve
from recs_batch.graph.slots import EMPTY, Slots, empty_slots, find, place_for


class Messages(NamedTuple):
    """Messages by their id's slot, whose value is the author; `rooms` and `ages` (maybe empty) lie beside it."""

    slots: Slots
    rooms: Indices
    ages: Ages


class MessageProblems(NamedTuple):
    """How many messages were late, had an author or a room that is not there, or an id that was there already."""

    late: int
    without_user: int
    without_room: int
    repeats: int


def read_messages(
    table: TableFiles, users: Slots, rooms: Slots, end: int, with_ages: bool
) -> tuple[Messages, Rows, MessageProblems, int]:
    """Return the messages before `end` (microseconds), who mentioned whom, and what was wrong with them.

    The last number counts mentions of users that are not there.
    """
    slots = empty_slots(table.rows, *table.span("id"))
    size = len(slots.values)
    messages = Messages(slots, np.full(size, EMPTY, np.int32), np.zeros(size if with_ages else 0, np.uint16))
    problems, unknown = np.zeros(4, np.int64), 0
    mentions: list[tuple[Indices, Indices, Ages]] = []
    for batch in table.batches("id", "user_id", "room_id", "mention_ids", "created_at"):
        ids, authors = integers(batch, "id"), integers(batch, "user_id")
        moments = instants(batch)
        problems += _insert(ids, authors, integers(batch, "room_id"), moments, users, rooms, messages, end)
        lists = batch.column("mention_ids").fill_null([])
        flat = lists.flatten().drop_null().to_numpy(zero_copy_only=False).astype(np.int64)
        bounds = lists.offsets.to_numpy().astype(np.int64)
        if len(flat) != bounds[-1] - bounds[0]:
            bounds = np.concatenate(
                [[0], np.cumsum([len([i for i in one if i is not None]) for one in lists.to_pylist()])]
            )
        found = _mentions(ids, moments, bounds - bounds[0], flat, users, messages, end)
        mentions.append(found[:3])
        unknown += found[3]
    return messages, _group(mentions, users, with_ages), MessageProblems(*problems.tolist()), unknown


def posts_by_author(messages: Messages, users: int) -> Rows:
    """Return the rooms of every user's messages."""
    counts = np.zeros(users, np.int64)
    count_keys(messages.slots.values, counts)
    rows = reserve(counts, with_ages=len(messages.ages) > 0)
    append(messages.slots.values, messages.rooms, messages.ages, rows)
    return rows


def _group(mentions: list[tuple[Indices, Indices, Ages]], users: Slots, with_ages: bool) -> Rows:
    counts = np.zeros(int((users.values != EMPTY).sum()), np.int64)
    for authors, _, _ in mentions:
        count_keys(authors, counts)
    rows = reserve(counts, with_ages)
    for authors, others, ages in mentions:
        append(authors, others, ages, rows)
    return rows


@njit(cache=True, nogil=True)
def _insert(
    ids: Positions,
    author_ids: Positions,
    room_ids: Positions,
    moments: Positions,
    users: Slots,
    rooms: Slots,
    messages: Messages,
    end: int,
) -> npt.NDArray[np.int64]:
    problems = np.zeros(4, np.int64)
    slots = messages.slots
    for row in range(len(ids)):
        author, room = find(users, author_ids[row]), find(rooms, room_ids[row])
        if moments[row] >= end:
            problems[0] += 1
        elif author < 0:
            problems[1] += 1
        elif room < 0:
            problems[2] += 1
        elif find(slots, ids[row]) >= 0:
            problems[3] += 1
        else:
            place = place_for(slots, ids[row])
            slots.values[place] = users.values[author]
            messages.rooms[place] = rooms.values[room]
            if len(messages.ages):
                messages.ages[place] = age_in_days(moments[row], end)
    return problems


@njit(cache=True, nogil=True)
def _mentions(
    ids: Positions,
    moments: Positions,
    bounds: Positions,
    mentioned: Positions,
    users: Slots,
    messages: Messages,
    end: int,
) -> tuple[Indices, Indices, Ages, int]:
    """Return pairs of author and mentioned user, each once per message, and how many mentioned are not there."""
    authors, others = np.empty(len(mentioned), np.int32), np.empty(len(mentioned), np.int32)
    ages = np.empty(len(mentioned) if len(messages.ages) else 0, np.uint16)
    count = unknown = 0
    for row in range(len(ids)):
        if bounds[row] == bounds[row + 1] or moments[row] >= end:
            continue
        place = find(messages.slots, ids[row])
        if place < 0:
            continue
        first = count
        for position in range(bounds[row], bounds[row + 1]):
            slot = find(users, mentioned[position])
            if slot < 0:
                unknown += 1
                continue
            other = users.values[slot]
            if not np.any(others[first:count] == other):
                authors[count], others[count] = messages.slots.values[place], other
                if len(ages):
                    ages[count] = messages.ages[place]
                count += 1
    return authors[:count], others[:count], ages[:count], unknown
