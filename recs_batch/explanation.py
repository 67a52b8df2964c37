"""Why an item is recommended to a user, and why another is not."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from common.errors import DataError
from recs_batch.arms import CONTROL, arm_of
from recs_batch.graph.found import ROOM
from recs_batch.graph.ids import is_id
from recs_batch.graph.one_user import OneUser, Ways
from recs_batch.graph.steps import unit_of
from recs_batch.parameters import Kind
from recs_batch.published import Published
from recs_batch.recommendations import REASONS, precise


class Explainer:
    """Answers about one kind of recommendation of a publication, with its parameters, reading one user's rows only."""

    def __init__(self, published: Published, kind: Kind) -> None:
        self._published, self._kind = published, kind
        self._ones: dict[str | None, OneUser] = {}

    def explain(self, user: int, item: int) -> dict[str, Any]:
        """Return rank, score and all reasons of a candidate, or what keeps the item from being one.

        What is recommended has the rank, score and, if it is there for its popularity, the reason published.
        Raises `DataError` if there is no such user or item.
        """
        arm = arm_of(user, self._published.arm_names) if is_id(user) else None
        one = self._one_of(arm)
        ids = one.ids
        u, i = _index(ids["users"], user, "user"), _index(ids[self._kind], item, self._kind.removesuffix("s"))
        if filtered := one.filter_of(u, i):
            return {"filter": filtered, "arm": arm}
        ways = one.ways_of(one.links_of(u))
        reasons = [
            {"kind": REASONS[kind], "id": int(ids["rooms" if kind == ROOM else "users"][index]), "weight": w / one.unit}
            for kind, index, w in one.reasons(ways, i)
        ]
        halved = {"halvings": one.halvings(u, i), "arm": arm}
        for row in self._published.rows(self._kind, user):
            if row["item_id"] == item:
                told = {name: row[name] for name in ("rank", "score")}
                return told | halved | {"recommended": True, "reasons": reasons or row["reasons"]}
        if not reasons:
            return {"filter": "no link of the user leads there", "arm": arm}
        return _ranked(one, u, i, ways) | halved | {"recommended": False, "reasons": reasons}

    def rounded(self, answer: dict[str, Any]) -> dict[str, Any]:
        """Return an answer with the score and the weights of reasons rounded to what is right of them."""
        found, unit = dict(answer), unit_of(self._published.parameters)
        if "score" in found:
            found["score"] = float(precise(found["score"], unit))
            weights = (float(precise(reason["weight"], unit)) for reason in found["reasons"])
            found["reasons"] = [
                reason | {"weight": weight} for reason, weight in zip(found["reasons"], weights, strict=True)
            ]
        return found

    def explain_or_none(self, user: int, item: int) -> dict[str, Any] | None:
        """Return the same, None if there is no such user or item."""
        try:
            return self.explain(user, item)
        except DataError:
            return None

    def _one_of(self, arm: str | None) -> OneUser:
        if arm not in self._ones:
            filtered = f"filter-{self._kind}" + (f"/{arm}" if arm not in {None, CONTROL} else "")
            engagement, similar = (self._published.model(name) for name in ("engagement", filtered))
            self._ones[arm] = OneUser(engagement, similar, self._kind, self._published.parameters_of(arm))
        return self._ones[arm]


def _ranked(one: OneUser, user: int, item: int, ways: Ways) -> dict[str, Any]:
    items, scores = one.scores(ways)
    scores = one.sunk(user, items, scores)
    allowed = one.allowed(user, items)
    items, scores = items[allowed], scores[allowed]
    place = int(np.searchsorted(items, item))
    before = (scores > scores[place]) | ((scores == scores[place]) & (items < item))
    return {"rank": int(before.sum()) + 1, "score": int(scores[place]) / one.unit}


def _index(ids: npt.NDArray[np.int64], wanted: int, what: str) -> int:
    if not is_id(wanted):
        raise DataError(f"there is no {what} {wanted}: ids have 64 bits")
    place = int(ids.searchsorted(wanted))  # a method that arrays in a bucket have too
    if place == len(ids) or ids[place] != wanted:
        raise DataError(f"there is no {what} {wanted}")
    return place
