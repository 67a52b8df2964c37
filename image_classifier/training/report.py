"""The report of a training run: one HTML file with figures, curves and the worst errors as pictures."""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from PIL import Image

_STYLE = """body { font-family: system-ui, sans-serif; max-width: 64rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; } td, th { border: 1px solid #aaa; padding: .3rem .7rem; text-align: right; }
figure { display: inline-block; margin: .4rem; width: 11rem; vertical-align: top; font-size: .85rem; }
figure img { max-width: 100%; border: 1px solid #ccc; }"""


@dataclass(frozen=True)
class Judged:
    """P(chart) of some images and the truth, with the pictures themselves and their names."""

    title: str
    probabilities: np.ndarray
    charts: np.ndarray
    images: Sequence[Image.Image]
    names: Sequence[str]


def write_report(path: Path, description: dict[str, Any], sets: Sequence[Judged]) -> None:
    """Write the report on an artifact's description and on how it did on some sets of images."""
    parts = [f"<h1>Chart or meme: training report</h1>{_table(description['hyperparameters'])}"]
    for judged in sets:
        parts += [f"<h2>{html.escape(judged.title)}</h2>", _table(description["metrics"].get(judged.title, {}))]
        parts += [_confusion(judged), _picture(_curves(judged)), _worst(judged)]
    path.parent.mkdir(parents=True, exist_ok=True)
    body = "\n".join(parts)
    path.write_text(
        f"<!doctype html><html lang=en><meta charset=utf-8><title>Report</title><style>{_STYLE}</style>{body}"
    )


def _table(figures: dict[str, Any]) -> str:
    def shown(value: Any) -> str:
        return f"{value:.4f}" if isinstance(value, float) else html.escape(str(value))

    rows = "".join(f"<tr><th>{html.escape(name)}</th><td>{shown(value)}</td></tr>" for name, value in figures.items())
    return f"<table>{rows}</table>"


def _confusion(judged: Judged) -> str:
    answered = judged.probabilities >= 0.5
    rows = "".join(
        f"<tr><th>is a {name}</th>"
        + "".join(f"<td>{int(np.sum((judged.charts == truth) & (answered == said)))}</td>" for said in (True, False))
        + "</tr>"
        for name, truth in (("chart", True), ("meme", False))
    )
    return f"<h3>Confusion matrix</h3><table><tr><th></th><th>said chart</th><th>said meme</th></tr>{rows}</table>"


def _curves(judged: Judged) -> Figure:
    matplotlib.rcParams["svg.hashsalt"] = "report"
    figure = Figure(figsize=(9, 4), layout="constrained")
    roc, calibration = figure.subplots(1, 2)
    order = np.argsort(-judged.probabilities, kind="stable")
    hits = judged.charts[order]
    roc.plot(np.append(0, np.cumsum(~hits)) / max(1, (~hits).sum()), np.append(0, np.cumsum(hits)) / max(1, hits.sum()))
    roc.set(title="ROC", xlabel="memes said to be charts", ylabel="charts found")
    bins = np.minimum((judged.probabilities * 10).astype(int), 9)
    filled = np.unique(bins)
    said = [judged.probabilities[bins == number].mean() for number in filled]
    true = [judged.charts[bins == number].mean() for number in filled]
    calibration.plot([0, 1], [0, 1], color="grey", linewidth=1)
    calibration.plot(said, true, marker="o")
    calibration.set(title="Calibration", xlabel="P(chart)", ylabel="share of charts")
    return figure


def _picture(figure: Figure) -> str:
    file = BytesIO()
    figure.savefig(file, format="png", dpi=90)
    return f'<p><img alt="ROC and calibration curves" src="{_data_url(file.getvalue())}"></p>'


def _worst(judged: Judged, most: int = 20) -> str:
    losses = np.where(judged.charts, 1 - judged.probabilities, judged.probabilities)
    wrong = [int(place) for place in np.argsort(-losses, kind="stable")[:most] if losses[place] > 0.5]
    figures = "".join(
        f'<figure><img alt="" src="{_thumbnail(judged.images[place])}"><figcaption>{html.escape(judged.names[place])}: '
        f"P(chart) {judged.probabilities[place]:.3f}</figcaption></figure>"
        for place in wrong
    )
    return f"<h3>The worst errors ({int(np.sum(losses > 0.5))} in all)</h3>{figures}"


def _thumbnail(image: Image.Image) -> str:
    small = image.copy()
    small.thumbnail((176, 176))
    file = BytesIO()
    small.save(file, "PNG")
    return _data_url(file.getvalue())


def _data_url(data: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(data).decode()}"
