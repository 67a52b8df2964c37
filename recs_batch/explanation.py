"""Why an item is recommended to a user, and why another is not."""

from __future__ import annotations

from typing import Any

import networkx as nx
import numpy as np
from matplotlib.figure import Figure

from common.errors import DataError
from recs_batch.graph.found import ROOM
from recs_batch.graph.one_user import Links, OneUser
from recs_batch.parameters import Kind
from recs_batch.published import Published
from recs_batch.recommendations import REASONS

_COLOURS = {"user": "#4878a8", "connection": "#9ab8d6", "followers": "#9ab8d6", "room": "#b7d7a8", "item": "#e69138"}


class Explainer:
    """Answers about one kind of recommendation of a publication, with its parameters; one user's rows are read, no more.

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


def draw(user: int, item: int, reasons: list[dict[str, Any]]) -> Figure:
    """Return a picture of the ways from a user to an item: the heaviest reason on top, lines as wide as it is heavy."""
    start, end = f"user {user}", f"item {item}"
    graph, middle = nx.DiGraph(), (len(reasons) - 1) / 2
    places, colours = {start: (0.0, middle), end: (2.0, middle)}, {start: _COLOURS["user"], end: _COLOURS["item"]}
    heaviest = max(reason["weight"] for reason in reasons)
    for height, reason in enumerate(sorted(reasons, key=lambda reason: reason["weight"])):
        who = "everybody" if reason["id"] is None else f"{reason['kind']} {reason['id']}"
        label = f"{who}: {reason['weight']:.3g}"
        places[label], colours[label] = (1.0, float(height)), _COLOURS.get(reason["kind"], "#cccccc")
        nx.add_path(graph, [start, label, end], width=0.5 + 3.5 * reason["weight"] / heaviest)
    figure = Figure(figsize=(8, 1.5 + 0.35 * len(reasons)), layout="constrained")
    axis = figure.subplots()
    widths = [width for _, _, width in graph.edges.data("width")]
    nx.draw_networkx_edges(graph, places, ax=axis, width=widths, edge_color="#b0b0b0", arrows=False)
    for label, colour in colours.items():
        box = {"boxstyle": "round", "facecolor": colour, "edgecolor": "none"}
        nx.draw_networkx_labels(graph, places, {label: label}, ax=axis, font_size=9, bbox=box)
    axis.margins(0.15)
    axis.set_axis_off()
    return figure


def _index(ids: np.ndarray[Any, np.dtype[np.int64]], wanted: int, what: str) -> int:
    if not -(2**63) <= wanted < 2**63:
        raise DataError(f"there is no {what} {wanted}: ids have 64 bits")
    place = int(np.searchsorted(ids, wanted))
    if place == len(ids) or ids[place] != wanted:
        raise DataError(f"there is no {what} {wanted}")
    return place
