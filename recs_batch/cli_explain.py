"""Commands that answer a person's question about one recommendation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from common.storage import open_store
from recs_batch.explanation import Explainer
from recs_batch.options import locations, store_option
from recs_batch.parameters import KINDS, Kind
from recs_batch.published import Published, publication_of

_publication_option = click.option("--of", "target", help="A publication, dt=…/run=…, or a day. [the latest]")


def _question(command: Any) -> Any:
    command = click.option("--kind", type=click.Choice(KINDS), default="users", show_default=True)(command)
    for name in ("item", "user"):
        command = click.argument(name, type=int)(command)
    command = store_option(_publication_option(command))
    return click.command(context_settings={"ignore_unknown_options": True})(command)


def _answer(user: int, item: int, kind: Kind, store: str | None, target: str | None) -> dict[str, Any]:
    """Return what an `Explainer` says, with scores and weights rounded to what is right of them."""
    place = open_store(locations(store=store).store_uri)
    published = Published(place, publication_of(place, target)) if target else Published.latest(place)
    explainer = Explainer(published, kind)
    return explainer.rounded(explainer.explain(user, item))


def _tell_circumstances(user: int, item: int, found: dict[str, Any]) -> None:
    if found["arm"]:
        click.echo(f"user {user} is in the arm {found['arm']}")
    if times := found.get("halvings"):
        days = "it was shown on many of the last 28 days without effect"
        click.echo(f"the score of {item} is halved {times} times: {days}")


@_question
@click.option("--picture", type=click.Path(dir_okay=False, path_type=Path), help="Draw the reasons to this file (PNG).")
def explain(*, user: int, item: int, picture: Path | None, **options: Any) -> None:
    """Tell why ITEM is recommended to USER: its rank, its score, and what led there."""
    found = _answer(user, item, **options)
    _tell_circumstances(user, item, found)
    if "filter" in found:
        click.echo(f"{item} is no candidate for user {user}: {found['filter']}")
        return
    click.echo(f"{item} is number {found['rank']} for user {user}, with a score of {found['score']:g}, because of")
    for reason in found["reasons"]:
        name = reason["kind"] if reason["id"] is None else f"{reason['kind']} {reason['id']}"
        click.echo(f"  {name}: {reason['weight']:g}")
    if picture:
        from recs_batch.drawing import draw  # noqa: PLC0415 (loads what only a picture needs)

        draw(user, item, found["reasons"]).savefig(picture, dpi=120)
        click.echo(f"picture: {picture}")


@_question
def why_not(*, user: int, item: int, **options: Any) -> None:
    """Tell why ITEM is not recommended to USER: which filter removed it, or how far down it ranks."""
    found = _answer(user, item, **options)
    _tell_circumstances(user, item, found)
    if "filter" in found:
        click.echo(f"{item} is not recommended to user {user}: {found['filter']}")
    elif found["recommended"]:
        click.echo(f"{item} is recommended to user {user}, as number {found['rank']}")
    else:
        click.echo(
            f"{item} is not recommended to user {user}: it ranks {found['rank']}, with a score of {found['score']:g}"
        )
