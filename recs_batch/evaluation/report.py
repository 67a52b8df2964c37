"""The evaluation as one HTML page with its plots inside."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from html import escape
from typing import Any

from matplotlib.figure import Figure

from recs_batch.parameters import Kind

_TITLES = {"users": "Whom to follow", "rooms": "Which rooms to join"}
_METRICS = ("recall", "map", "ndcg")
_STYLE = (
    "body{font:15px system-ui;margin:2rem;max-width:60rem}td,th{padding:.3rem .8rem;text-align:right}"
    "th:first-child,td:first-child{text-align:left}tr:nth-child(even){background:#f4f4f4}.chosen{font-weight:bold}"
)


def render_report(results: Mapping[Kind, Mapping[str, Any]], chosen: str, period: str, top: int) -> str:
    """Return the page: per kind a table of every method with its intervals, and a plot."""
    sections = [
        f"<h2>{_TITLES[kind]}</h2>{_table(methods, chosen, top)}"
        f'<img alt="{_TITLES[kind]}: metrics by method" src="data:image/png;base64,{_plot(methods)}">'
        for kind, methods in results.items()
    ]
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>Evaluation</title><style>{_STYLE}</style>"
        f"<h1>Would the recommendations have come true?</h1><p>Held back for everybody: {escape(period)}. "
        f"Intervals: 95%, bootstrap over users. In bold: what is published.</p>{''.join(sections)}</html>\n"
    )


def _table(methods: Mapping[str, Any], chosen: str, top: int) -> str:
    names = [f"{metric}@{top}" for metric in _METRICS]
    head = "".join(f"<th>{name}</th>" for name in ("method", *names, "coverage", "novelty (bits)", "users"))
    rows = []
    for method, values in methods.items():
        cells = [f"{values[m]['mean']:.4f} [{values[m]['low']:.4f}, {values[m]['high']:.4f}]" for m in _METRICS]
        cells += [f"{values['coverage']:.3f}", f"{values['novelty']:.2f}", f"{values['users']:,}"]
        style = " class=chosen" if method == chosen else ""
        rows.append(f"<tr{style}><td>{method}</td>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>")
    return f"<table><tr>{head}</tr>{''.join(rows)}</table>"


def _plot(methods: Mapping[str, Any]) -> str:
    figure = Figure(figsize=(8, 3), layout="constrained")
    axes = figure.subplots(1, len(_METRICS), sharey=True)
    places = range(len(methods))
    for axis, metric in zip(axes, _METRICS, strict=True):
        means = [values[metric]["mean"] for values in methods.values()]
        below = [values[metric]["mean"] - values[metric]["low"] for values in methods.values()]
        above = [values[metric]["high"] - values[metric]["mean"] for values in methods.values()]
        axis.barh(places, means, xerr=[below, above], color="#4878a8", ecolor="#222")
        axis.set(title=metric, yticks=places, yticklabels=list(methods))
        axis.invert_yaxis()
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=110, metadata={"Software": None})
    return base64.b64encode(picture.getvalue()).decode()
