"""The evaluation as one HTML page with its plots inside."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from recs_batch.parameters import Kind

_TITLES = {"users": "Whom to follow", "rooms": "Which rooms to join"}
_METRICS = ("recall", "map", "ndcg")
_LABELS, _COLUMN = 150, 240  # pixels
_STYLE = (
    "body{font:15px system-ui;margin:2rem;max-width:60rem}td,th{padding:.3rem .8rem;text-align:right}"
    "th:first-child,td:first-child{text-align:left}tr:nth-child(even){background:#f4f4f4}.chosen{font-weight:bold}"
)


def render_report(results: Mapping[Kind, Mapping[str, Any]], chosen: str, period: str, top: int) -> str:
    """Return the page: per kind a table of every method with its intervals, and a plot."""
    sections = [
        f"<h2>{_TITLES[kind]}</h2>{_table(methods, chosen, top)}{_plot(methods, f'{_TITLES[kind]}: metrics by method')}"
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


def _plot(methods: Mapping[str, Any], title: str) -> str:
    """Return bars with their intervals as SVG, for a library that draws takes longer to load than a night's steps."""
    longest = max((values[metric]["high"] for values in methods.values() for metric in _METRICS), default=0) or 1
    bars = []
    for column, metric in enumerate(_METRICS):
        left = _LABELS + column * _COLUMN
        bars.append(f'<text x="{left}" y="14" font-weight="bold">{metric}</text>')
        for row, (method, values) in enumerate(methods.items()):
            top, estimate = 24 + 22 * row, values[metric]
            mean, low, high = (estimate[part] / longest * (_COLUMN - 20) for part in ("mean", "low", "high"))
            bars.append(f'<text x="{_LABELS - 6}" y="{top + 12}" text-anchor="end">{method}</text>' * (column == 0))
            bars.append(f'<rect x="{left}" y="{top}" width="{mean:.1f}" height="16" fill="#4878a8"/>')
            bars.append(f'<path d="M{left + low:.1f} {top + 8}H{left + high:.1f}" stroke="#222"/>')
    size = f'width="{_LABELS + _COLUMN * len(_METRICS)}" height="{30 + 22 * len(methods)}"'
    return f'<svg role="img" aria-label="{title}" {size} font-size="12">{"".join(bars)}</svg>'
