"""The steps over the graph: each reads the folders of the ones before it and writes one of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt

from recs_batch.graph.blend import BLEND_UNIT
from recs_batch.graph.blocks import join_blocks, over_blocks, with_ids
from recs_batch.graph.closest import closest_block
from recs_batch.graph.engagement import Events, EventValues, Weighted, count_block
from recs_batch.graph.files import (
    WeightedRowsWriter,
    read_array,
    read_sets,
    read_weighted,
    write_array,
    write_sets,
)
from recs_batch.graph.found import Found
from recs_batch.graph.inputs import Inputs
from recs_batch.graph.neighbours import MOST_NEAR, turned_around, with_followers
from recs_batch.graph.rows import OLDEST, empty_rows
from recs_batch.graph.second_hop import recommend_block
from recs_batch.graph.social import SocialGraph, read_graph
from recs_batch.parameters import UNITS_PER_ENGAGEMENT, Kind, Parameters
from recs_batch.recommendations import Recommendations

_PAIRS = ("follows", "subscriptions", "blocked")


def count_engagement(tables: Path, day: date, parameters: Parameters, folder: Path) -> dict[str, dict[str, int]]:
    """Write who engages with whom and what, and the sets to exclude; return what was left out of each table."""
    graph = read_graph(tables, day, with_ages=parameters.half_life_days is not None)
    for name, people in (("users", graph.users), ("rooms", graph.rooms)):
        write_array(folder, f"{name}.ids", people.ids)
        write_array(folder, f"{name}.active", people.active)
    for name in _PAIRS:
        write_sets(folder, name, getattr(graph, name))
    graph.dropped["likes"]["repeats"] = _write_engagement(graph, parameters, folder)
    return graph.dropped


def find_closest(engagement: Path, kind: Kind, parameters: Parameters, folder: Path) -> None:
    """Write the closest users, or rooms, of every user; for the blend also those near, of whom there are more."""
    pairs = read_weighted(engagement, f"{kind}.engagement")
    active, users = read_array(engagement, f"{kind}.active"), len(pairs.bounds) - 1
    hidden = read_sets(engagement, "blocked") if kind == "users" else empty_rows(users)

    def write(name: str, find: Callable[[int, int], Weighted], description: str) -> None:
        with WeightedRowsWriter(folder, name) as writer:
            for _, _, found in over_blocks(users, find, description):
                writer.append(found)

    def closest(first: int, last: int, most: int = parameters.closest) -> Weighted:
        found: Weighted = closest_block(*pairs, active, hidden, most, first, last)
        return found

    write("closest", closest, f"find the closest {kind}")
    if parameters.scorer == "blend":
        followers = turned_around(read_sets(engagement, "follows"), users) if kind == "users" else empty_rows(users)

        def near(first: int, last: int) -> Weighted:
            by_engagement = closest(first, last, MOST_NEAR)
            found: Weighted = with_followers(by_engagement, followers, hidden, active, first, last)
            return found

        write("near", near, f"find {kind} near to every user")


def recommend(
    engagement: Path,
    closest_users: Path,
    closest_rooms: Path,
    kind: Kind,
    parameters: Parameters,
    only: npt.NDArray[np.bool_] | None = None,
) -> Iterator[Recommendations]:
    """Yield the recommendations of block after block of users, in the order of their ids.

    `only` tells which of the active users to serve, by default all of them.
    """
    inputs = Inputs.read(engagement, closest_users, closest_rooms, kind)
    ways, candidates = inputs.ways(parameters), inputs.candidates()
    served = inputs.served if only is None else inputs.served & only
    unit = UNITS_PER_ENGAGEMENT if parameters.scorer == "count" else BLEND_UNIT
    popularity = inputs.popularity()

    def block(first: int, last: int) -> Found:
        found: Found = recommend_block(ways, candidates, served, parameters.top, first, last)
        return found

    for first, last, found in over_blocks(len(inputs.user_ids), block, f"recommend {kind}"):
        unserved = np.flatnonzero(served[first:last] & (found.counts == 0)).astype(np.int32)
        complete = found
        if len(unserved):
            popular = popularity.recommend(unserved + first, candidates, parameters.top, unit)
            complete = join_blocks(found, unserved, popular)
        yield with_ids(complete, first, inputs.user_ids, inputs.room_ids, kind == "users", unit)


def _write_engagement(graph: SocialGraph, parameters: Parameters, folder: Path) -> int:
    events = Events(graph.follows, graph.mentions, graph.subscriptions, graph.posts, graph.likes, graph.messages)
    values, repeats = event_values(parameters), 0

    def block(first: int, last: int):  # type: ignore[no-untyped-def]
        return count_block(events, values, first, last)

    with (
        WeightedRowsWriter(folder, "users.engagement") as users,
        WeightedRowsWriter(folder, "rooms.engagement") as rooms,
    ):
        for _, _, (with_users, with_rooms, again) in over_blocks(len(graph.users.ids), block, "count engagement"):
            users.append(with_users)
            rooms.append(with_rooms)
            repeats += again
    return repeats


def event_values(parameters: Parameters) -> EventValues:
    """Return what an event of each kind weighs, by its age in days, in whole units."""
    half_life = parameters.half_life_days
    decay = np.ones(1) if half_life is None else 0.5 ** (np.arange(OLDEST + 1) / half_life)
    weights = parameters.weights
    kinds = (weights.follow, weights.mention, weights.subscription, weights.post, weights.like)
    return EventValues(*(np.rint(kind * UNITS_PER_ENGAGEMENT * decay).astype(np.int64) for kind in kinds))
