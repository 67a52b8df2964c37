"""The reasons of a recommendation as a picture."""

from __future__ import annotations

from typing import Any

import networkx as nx
from matplotlib.figure import Figure

_COLOURS = {
    "user": "#4878a8",
    "connection": "#9ab8d6",
    "neighbourhood": "#9ab8d6",
    "room": "#b7d7a8",
    "item": "#e69138",
}


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
