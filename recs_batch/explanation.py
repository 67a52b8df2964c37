"""Why an item is recommended to a user, and why another is not."""

from __future__ import annotations

from typing import Any

import numpy as np

from common.errors import DataError
from recs_batch.graph.found import ROOM
from recs_batch.graph.one_user import Links, OneUser
from recs_batch.parameters import Kind
from recs_batch.published import Published
from recs_batch.recommendations import REASONS


class Explainer:
    """Answers about one kind of recommendation of a publication, with its parameters, reading one user's rows only.

    Raises `MissingInputError` for a publication without a model, as of the algorithm of 2019.
    """

    def __init__(self, published: Published, kind: Kind) -> None:
        self._published, self._kind = published, kind
        self._one = OneUser(published.model("engagement"), published.model(f"filter-{kind}"), kind)

    def explain(self, user: int, item: int) -> dict[str, Any]:
        """Return rank, score and all reasons of a candidate, or what keeps the item from being one.

        What is recommended has the rank, score and, if it is there for its popularity, the reason published.
        Raises `DataError` if there is no such user or item.
        """
        one, ids = self._one, self._one.ids
        u, i = _index(ids["users"], user, "user"), _index(ids[self._kind], item, self._kind.removesuffix("s"))
        if filtered := one.filter_of(u, i):
            return {"filter": filtered}
        links = one.links_of(u)
        reasons = [
            {"kind": REASONS[kind], "id": int(ids["rooms" if kind == ROOM else "users"][index]), "weight": w / one.unit}
            for kind, index, w in one.reasons(links, i)
        ]
        halved = {"halvings": one.halvings(u, i)}
        for row in self._published.rows(self._kind, user):
            if row["item_id"] == item:
                told = {name: row[name] for name in ("rank", "score")}
                return told | halved | {"recommended": True, "reasons": reasons or row["reasons"]}
        if not reasons:
            return {"filter": "no link of the user leads there"}
        return self._ranked(u, i, links) | halved | {"recommended": False, "reasons": reasons}

    def explain_or_none(self, user: int, item: int) -> dict[str, Any] | None:
        """Return the same, None if there is no such user or item."""
        try:
            return self.explain(user, item)
        except DataError:
            return None

    def _ranked(self, user: int, item: int, links: Links) -> dict[str, Any]:
        items, scores = self._one.scores(links)
        scores = self._one.sunk(user, items, scores)
        allowed = self._one.allowed(user, items)
        items, scores = items[allowed], scores[allowed]
        place = int(np.searchsorted(items, item))
        before = (scores > scores[place]) | ((scores == scores[place]) & (items < item))
        return {"rank": int(before.sum()) + 1, "score": int(scores[place]) / self._one.unit}


def _index(ids: np.ndarray[Any, np.dtype[np.int64]], wanted: int, what: str) -> int:
    if not -(2**63) <= wanted < 2**63:
        raise DataError(f"there is no {what} {wanted}: ids have 64 bits")
    place = int(np.searchsorted(ids, wanted))
    if place == len(ids) or ids[place] != wanted:
        raise DataError(f"there is no {what} {wanted}")
    return place
