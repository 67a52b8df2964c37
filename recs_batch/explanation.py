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
    """Return a picture of the ways from a user to an item, with the weights of the reasons on them."""
    graph, colours = nx.DiGraph(), {}
    for name, label in (("user", f"user {user}"), ("item", f"item {item}")):
        colours[label] = _COLOURS[name]
    for reason in reasons:
        label = "everybody" if reason["id"] is None else f"{reason['kind']} {reason['id']}"
        colours[label] = _COLOURS.get(reason["kind"], "#cccccc")
        graph.add_edge(f"user {user}", label, weight="")
        graph.add_edge(label, f"item {item}", weight=f"{reason['weight']:.3g}")
    for label in graph.nodes:
        graph.nodes[label]["layer"] = 0 if label == f"user {user}" else 2 if label == f"item {item}" else 1
    figure = Figure(figsize=(7, 1.5 + 0.5 * len(reasons)), layout="constrained")
    axis = figure.subplots()
    place = nx.multipartite_layout(graph, subset_key="layer")
    nx.draw_networkx(graph, place, ax=axis, node_color=[colours[n] for n in graph.nodes], node_size=1500, font_size=8)
    labels = nx.get_edge_attributes(graph, "weight")
    nx.draw_networkx_edge_labels(graph, place, {edge: text for edge, text in labels.items() if text}, ax=axis)
    axis.set_axis_off()
    return figure


def _index(ids: np.ndarray[Any, np.dtype[np.int64]], wanted: int, what: str) -> int:
    place = int(np.searchsorted(ids, wanted))
    if place == len(ids) or ids[place] != wanted:
        raise DataError(f"there is no {what} {wanted}")
    return place
