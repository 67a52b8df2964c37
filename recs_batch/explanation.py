"""Why an item is recommended to a user, and why another is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
from matplotlib.figure import Figure

from common.errors import DataError
from recs_batch.graph.found import ROOM
from recs_batch.graph.one_user import OneUser
from recs_batch.parameters import Kind, Parameters
from recs_batch.recommendations import REASONS

_COLOURS = {"user": "#4878a8", "connection": "#9ab8d6", "followers": "#9ab8d6", "room": "#b7d7a8", "item": "#e69138"}


class Explainer:
    """Answers about one kind of recommendation, from the steps' folders; one user's rows are read, no more."""

    def __init__(self, engagement: Path, filtered: Path, kind: Kind, parameters: Parameters) -> None:
        self._one, self._kind, self._top = OneUser(engagement, filtered, kind), kind, parameters.top

    def explain(self, user: int, item: int) -> dict[str, Any]:
        """Return rank, score and all reasons of a candidate, or what keeps the item from being one.

        Raises `DataError` if there is no such user or item.
        """
        one, ids = self._one, self._one.ids
        u, i = _index(ids["users"], user, "user"), _index(ids[self._kind], item, self._kind.removesuffix("s"))
        if filtered := one.filter_of(u, i):
            return {"filter": filtered}
        links = one.links_of(u)
        items, scores = one.scores(links)
        allowed = one.allowed(u, items)
        items, scores = items[allowed], scores[allowed]
        place = int(np.searchsorted(items, i))
        if place == len(items) or items[place] != i:
            return {"filter": "no link of the user leads there"}
        before = (scores > scores[place]) | ((scores == scores[place]) & (items < i))
        rank = int(before.sum()) + 1
        reasons = [
            {"kind": REASONS[kind], "id": int(ids["rooms" if kind == ROOM else "users"][index]), "weight": w / one.unit}
            for kind, index, w in one.reasons(links, i)
        ]
        score = int(scores[place]) / one.unit
        return {"rank": rank, "recommended": rank <= self._top, "score": score, "reasons": reasons}


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
    place = int(np.searchsorted(ids, wanted))
    if place == len(ids) or ids[place] != wanted:
        raise DataError(f"there is no {what} {wanted}")
    return place
