"""What the second hop works on, mapped from the files of the steps before it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from recs_batch.graph.blend import COMMUNITY_WEIGHT, MOST_SIMILAR, blended_ways, popularity_factors, similar_rooms
from recs_batch.graph.files import WeightedRows, read_array, read_sets, read_weighted
from recs_batch.graph.popularity import NOWHERE, Popularity
from recs_batch.graph.rows import Indices, Rows, empty_rows
from recs_batch.graph.second_hop import Candidates, Way
from recs_batch.parameters import Kind, Parameters
from recs_batch.recommendations import REASONS

_CONNECTION = REASONS.index("connection")


class Inputs(NamedTuple):
    """What the second hop works on."""

    kind: Kind
    user_ids: npt.NDArray[np.int64]
    room_ids: npt.NDArray[np.int64]
    served: npt.NDArray[np.bool_]
    items_active: npt.NDArray[np.bool_]
    links: Rows
    blocked: Rows
    closest_users: WeightedRows
    closest_rooms: WeightedRows

    @classmethod
    def read(cls, engagement: Path, closest_users: Path, closest_rooms: Path, kind: Kind) -> Inputs:
        """Map the files of the three steps before."""
        return cls(
            kind,
            read_array(engagement, "users.ids"),
            read_array(engagement, "rooms.ids"),
            read_array(engagement, "users.active"),
            read_array(engagement, f"{kind}.active"),
            read_sets(engagement, "follows" if kind == "users" else "subscriptions"),
            read_sets(engagement, "blocked"),
            read_weighted(closest_users, "closest"),
            read_weighted(closest_rooms, "closest"),
        )

    def ways(self, parameters: Parameters) -> tuple[Way, ...]:
        """Return the ways from users over their connections to candidates."""
        nothing = np.empty(0, np.int32)
        near = self.closest_users
        if parameters.scorer == "blend":
            return self._blended(parameters)
        if parameters.second_hop == "follows":
            return (Way(_CONNECTION, *near, self.links.starts, self.links.ends, self.links.targets, nothing),)
        then = near if self.kind == "users" else self.closest_rooms
        ends = then.bounds[:-1], then.bounds[1:]
        return (Way(_CONNECTION, near.bounds, near.targets, nothing, *ends, then.targets, then.weights),)

    def candidates(self, parameters: Parameters) -> Candidates:
        """Return who may be recommended to whom."""
        are_users = self.kind == "users"
        hidden = self.blocked if are_users else empty_rows(len(self.user_ids))
        return Candidates(self.items_active, self.links, hidden, are_users, self._factors(parameters))

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

    def _blended(self, parameters: Parameters) -> tuple[Way, ...]:
        near, rooms = self.closest_users, self.closest_rooms
        if self.kind == "users":
            blend, ways = (
                parameters.blend_users,
                blended_ways(parameters.blend_users, near, self.links, near, None, near),
            )
        else:
            blend, similar = parameters.blend_rooms, similar_rooms(self.links, len(self.room_ids))
            ways = blended_ways(blend, near, self.links, rooms, rooms, similar)
        if blend.community:
            ways += (self.popularity().way(blend.community * COMMUNITY_WEIGHT, MOST_SIMILAR),)
        return ways

    def _factors(self, parameters: Parameters) -> npt.NDArray[np.int64]:
        if parameters.scorer == "count":
            return np.empty(0, np.int64)
        blend = parameters.blend_users if self.kind == "users" else parameters.blend_rooms
        return popularity_factors(self.links, len(self.items_active), blend.popularity)
