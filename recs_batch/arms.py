"""Arms of an experiment: which users are in which, and what an arm does otherwise than the night."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, field_validator

from common.settings import nearest
from recs_batch.hashing import mixed
from recs_batch.parameters import KINDS, Filter, Parameters
from recs_batch.recommendations import Recommendations, concatenate

CONTROL = "control"  # the arm with the night's own parameters
Ids = npt.NDArray[np.int64]


class Arm(BaseModel):
    """What one arm does otherwise: some values of the night's filters."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    filter_users: Mapping[str, float] = {}
    filter_rooms: Mapping[str, float] = {}

    @field_validator("filter_users", "filter_rooms")
    @classmethod
    def _is_of_a_filter(cls, values: Mapping[str, float]) -> Mapping[str, float]:
        for name in values.keys() - Filter.model_fields.keys():
            raise ValueError(f"unknown name {name!r}{nearest(name, Filter.model_fields)}")
        Filter.model_validate(values)
        return values

    def of(self, parameters: Parameters) -> Parameters:
        """Return a night's parameters as this arm has them."""
        given = {"users": self.filter_users, "rooms": self.filter_rooms}
        filters = {f"filter_{kind}": parameters.filter_of(kind).model_copy(update=dict(given[kind])) for kind in KINDS}
        return parameters.model_copy(update=filters)


def names_of(arms: Iterable[str]) -> list[str]:
    """Return the names of all arms in the order in which `places_of` counts them; none where there is no experiment."""
    found = sorted(arms)
    return [CONTROL, *found] if found else []


def places_of(users: Ids, names: Sequence[str]) -> npt.NDArray[np.int64]:
    """Return the place in `names` of each user's arm: equal shares, by a hash of the names and the user's id.

    So users stay in their arm from night to night, and another experiment splits them anew.
    """
    seed = int.from_bytes(hashlib.sha256(",".join(names).encode()).digest()[:8], "little")
    state = mixed(mixed(users.astype(np.int64).view(np.uint64)) ^ np.uint64(seed))
    return (state % np.uint64(max(len(names), 1))).astype(np.int64)


def arm_of(user: int, names: Sequence[str]) -> str | None:
    """Return the name of a user's arm, None where there are none."""
    return names[int(places_of(np.array([user]), names)[0])] if names else None


def merged(parts: Iterable[Iterator[Recommendations]]) -> Iterator[Recommendations]:
    """Yield what several arms recommend in the order of users, holding a block of each; no two serve the same user."""
    waiting = dict(enumerate(parts))
    blocks: dict[int, Recommendations] = {}
    while waiting or blocks:
        for place, part in list(waiting.items()):
            if place not in blocks:
                block = next((one for one in part if len(one.user)), None)
                if block is None:
                    del waiting[place]
                else:
                    blocks[place] = block
        if blocks:
            last = min(int(block.user[-1]) for place, block in blocks.items())
            ready = {place: int(np.searchsorted(block.user, last, side="right")) for place, block in blocks.items()}
            found = concatenate(block.rows(0, ready[place]) for place, block in blocks.items())
            yield found.rows_in_order(np.argsort(found.user, kind="stable"))
            rest = {place: block.rows(ready[place], len(block.user)) for place, block in blocks.items()}
            blocks = {place: block for place, block in rest.items() if len(block.user)}
