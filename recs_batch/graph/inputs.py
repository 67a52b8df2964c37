"""What the second hop works on, mapped from the files of the steps before it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from common.errors import MissingInputError
from recs_batch.graph.blend import BLEND_UNIT, closest_way, links_way, members_way, similar_rooms, similar_way
from recs_batch.graph.files import WeightedRows, is_there, read_array, read_sets, read_weighted
from recs_batch.graph.neighbours import degrees, turned_around
from recs_batch.graph.popularity import NOWHERE, Popularity
from recs_batch.graph.rows import Indices, Rows, empty_rows
from recs_batch.graph.second_hop import Candidates
from recs_batch.graph.ways import Way, padded
from recs_batch.parameters import Blend, Kind, Parameters, SecondHop
from recs_batch.recommendations import REASONS

_CONNECTION = REASONS.index("connection")
_COMMUNITY_UNIT = 1 << 10  # what a weight of 1 is as a whole number
_MOST_IN_COMMUNITY = 50


class Inputs(NamedTuple):
    """What the second hop works on."""

    kind: Kind
    user_ids: npt.NDArray[np.int64]
    room_ids: npt.NDArray[np.int64]
    served: npt.NDArray[np.bool_]
    items_active: npt.NDArray[np.bool_]
    follows: Rows
    subscriptions: Rows
    blocked: Rows
    closest_users: WeightedRows
    closest_rooms: WeightedRows
    near_users: WeightedRows | None
    near_rooms: WeightedRows | None

    @classmethod
    def read(cls, engagement: Path, closest_users: Path, closest_rooms: Path, kind: Kind) -> Inputs:
        """Map the files of the three steps before."""
        return cls(
            kind,
            read_array(engagement, "users.ids"),
            read_array(engagement, "rooms.ids"),
            read_array(engagement, "users.active"),
            read_array(engagement, f"{kind}.active"),
            read_sets(engagement, "follows"),
            read_sets(engagement, "subscriptions"),
            read_sets(engagement, "blocked"),
            read_weighted(closest_users, "closest"),
            read_weighted(closest_rooms, "closest"),
            read_weighted(closest_users, "near") if is_there(closest_users, "near") else None,
            read_weighted(closest_rooms, "near") if is_there(closest_rooms, "near") else None,
        )

    @property
    def links(self) -> Rows:
        """Whom users follow, or which rooms they joined."""
        return self.follows if self.kind == "users" else self.subscriptions

    def ways(self, parameters: Parameters) -> tuple[Way, ...]:
        """Return the ways from users over their connections to candidates."""
        if parameters.scorer == "count":
            return (self._counted(parameters.second_hop),)
        blended = self._blended(parameters.blend_users if self.kind == "users" else parameters.blend_rooms)
        return padded(blended, len(self.user_ids))

    def candidates(self) -> Candidates:
        """Return who may be recommended to whom."""
        are_users = self.kind == "users"
        hidden = self.blocked if are_users else empty_rows(len(self.user_ids))
        return Candidates(self.items_active, self.links, hidden, are_users)

    def popularity(self) -> Popularity:
        """Return what answers for users whom no connection leads anywhere."""
        return Popularity(self.links, self.homes(), len(self.room_ids), self.items_active)

    def homes(self) -> Indices:
        """Return the closest room of every user, NOWHERE if there is none."""
        bounds, rooms = self.closest_rooms.bounds, self.closest_rooms.targets
        homes = np.full(len(self.user_ids), NOWHERE, np.int32)
        somewhere = bounds[1:] > bounds[:-1]
        homes[somewhere] = rooms[bounds[:-1][somewhere]]
        return homes

    def _counted(self, second_hop: SecondHop) -> Way:
        nothing, near = np.empty(0, np.int32), self.closest_users
        if second_hop == "follows":
            return Way(_CONNECTION, *near, self.links.starts, self.links.ends, self.links.targets, nothing)
        then = near if self.kind == "users" else self.closest_rooms
        ends = then.bounds[:-1], then.bounds[1:]
        return Way(_CONNECTION, near.bounds, near.targets, nothing, *ends, then.targets, then.weights)

    def _blended(self, blend: Blend) -> Iterator[Way]:
        near, rooms = self.near_users, self.near_rooms
        if near is None or rooms is None:
            raise MissingInputError("the closest users and rooms were found for another scorer; find them again")
        followers = turned_around(self.follows, len(self.user_ids))
        degree = degrees(self.follows, followers)
        if blend.follows:
            yield links_way(blend.follows, near, degree, self.links)
        if blend.closest:
            closest = self.closest_users if self.kind == "users" else self.closest_rooms
            yield closest_way(blend.closest, near, degree, closest)
        if blend.followers and self.kind == "users":
            yield links_way(blend.followers, near, degree, followers)
        if blend.rooms:
            members = turned_around(self.subscriptions, len(self.room_ids))
            if self.kind == "users":
                yield members_way(blend.rooms, rooms, members)
            else:
                yield similar_way(blend.rooms, rooms, similar_rooms(members, self.subscriptions))
        if blend.community:
            weight, unit = round(blend.community * _COMMUNITY_UNIT), BLEND_UNIT // _COMMUNITY_UNIT
            yield self.popularity().way(weight, unit, _MOST_IN_COMMUNITY)
