"""What the demo shows of each product."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

from rich.table import Table

from common.errors import ApplicationError
from demo.processes import DIRECTORY
from demo.stage import Stage


@dataclass(frozen=True)
class Product:
    """A product's name, the question that it answers, and its part of the demo."""

    name: str
    question: str
    run: Callable[[Stage], None]


def _image_classifier(stage: Stage) -> None:
    pictures = DIRECTORY / "pictures"
    if not pictures.exists():
        stage.step("draw pictures", "image_classifier", "generate", "--out", str(pictures), "--count", "20")
    address = stage.serve("chart or meme", "image_classifier", port=8080)
    table = Table("POST /predict", "it is", "class", "probability")
    for label in ("chart", "meme"):
        picture = min((pictures / "val" / label).iterdir())
        answer = _predict(address, picture)
        table.add_row(str(picture), label, f"[bold]{answer['class']}[/]", f"{answer['probability']:.3f}")
    stage.console.print(table)


def _recs_batch(stage: Stage) -> None:
    tables = DIRECTORY / "network"
    if not tables.exists():
        stage.step("make a network of 1,000 users", "recs_batch", "generate", "--out", str(tables))
    stage.step("recommend and publish", "recs_batch", "run", "--tables", str(tables))
    stage.show("read the latest publication", "recs_batch", "show", "--users", "3")
    stage.serve("recommendations", "recs_batch", port=8082)


def _sentiment_minibatch(stage: Stage) -> None:
    messages = str(DIRECTORY / "messages.parquet")
    stage.step("start PostgreSQL, create the tables", "sentiment_minibatch", "migrate")
    stream = ("--symbols", "25", "--messages", "10000", "--minutes", "180")
    made = ("generate", "--words", "--out", messages, *stream)
    stage.step("make three hours of messages", "sentiment_minibatch", *made)
    stage.step("load them", "sentiment_minibatch", "load-messages", messages)
    stage.step("score them", "sentiment_minibatch", "score-messages")
    stage.step("aggregate the minutes", "sentiment_minibatch", "aggregate")
    stage.show("read the index", "sentiment_minibatch", "show")
    live = ("generate", "--words", "--live", "--symbols", "25", "--rate", "2")
    stage.processes.start("live-messages", "sentiment_minibatch", *live)
    stage.processes.start("live-minutes", "sentiment_minibatch", "aggregate", "--follow")
    stage.serve("sentiment, live", "sentiment_minibatch", port=8081)


PRODUCTS = (
    Product("image_classifier", "is this image a price chart or a meme?", _image_classifier),
    Product("recs_batch", "whom should this user follow, which rooms should they join?", _recs_batch),
    Product("sentiment_minibatch", "how does the community feel about this ticker, this minute?", _sentiment_minibatch),
)


def _predict(address: str, picture: Path) -> dict[str, Any]:
    headers = {"Content-Type": "image/png"}
    request = Request(f"{address}/predict", data=picture.read_bytes(), headers=headers, method="POST")  # noqa: S310
    try:
        with urlopen(request, timeout=30) as response:  # noqa: S310 (an address of our own)
            answer: dict[str, Any] = json.load(response)
    except (URLError, OSError) as error:
        raise ApplicationError(f"POST {address}/predict: {error}") from None
    return answer
