"""Why an item is recommended to a user, and why another is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
from matplotlib.figure import Figure

from common.errors import DataError
from recs_batch.graph import steps
from recs_batch.graph.closest import is_in
from recs_batch.graph.inputs import Inputs
from recs_batch.parameters import Kind, Parameters
from recs_batch.recommendations import concatenate

_ALL = 1_000_000  # candidates of one user that are ranked to tell how far down an item is
_COLOURS = {"user": "#4878a8", "connection": "#9ab8d6", "room": "#b7d7a8", "community": "#b7d7a8", "item": "#e69138"}


class Explainer:
    """Answers about one kind of recommendation, from the steps' folders."""

    def __init__(self, folders: tuple[Path, Path, Path], kind: Kind, parameters: Parameters) -> None:
        self._folders, self._kind, self._parameters = folders, kind, parameters
        self._inputs = Inputs.read(*folders, kind)

    def explain(self, user: int, item: int) -> dict[str, Any]:
        """Return rank, score and reasons of a candidate, or what keeps the item from being one.

        Raises `DataError` if there is no such user or item.
        """
        filtered = self.filtered_by(user, item)
        if filtered:
            return {"filter": filtered}
        for row in self._candidates(user):
            if row["item_id"] == item:
                row["recommended"] = row["rank"] <= self._parameters.top
                return row
        return {"filter": "nothing close to the user leads there"}

    def filtered_by(self, user: int, item: int) -> str | None:
        """Return the filter that removes the item from the user's candidates, None if none does."""
        inputs, users = self._inputs, self._inputs.user_ids
        u = _index(users, user, "user")
        i = _index(users if self._kind == "users" else inputs.room_ids, item, self._kind.removesuffix("s"))
        candidates = inputs.candidates()
        filters = {
            "the user is inactive": not inputs.served[u],
            "it is the user": self._kind == "users" and u == i,
            "the item is inactive": not inputs.items_active[i],
            "one of the two blocked the other": is_in(candidates.hidden, u, i),
            "already followed" if self._kind == "users" else "already joined": is_in(candidates.linked, u, i),
        }
        return next((name for name, applies in filters.items() if applies), None)

    def _candidates(self, user: int) -> list[dict[str, Any]]:
        only = self._inputs.user_ids == user
        most = min(_ALL, len(self._inputs.items_active))
        every = self._parameters.model_copy(update={"top": most})
        found = concatenate(steps.recommend(*self._folders, self._kind, every, only))
        rows: list[dict[str, Any]] = found.to_arrow().to_pylist()
        return rows


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
