"""What the commands that answer a person's question about one recommendation share."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from recs_batch.commands.options import store_option

if TYPE_CHECKING:
    from recs_batch.parameters import Kind


def question_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that a question is made of."""
    of = click.option("--of", "target", help="A publication, dt=…/run=…, or a day. [the latest]")
    kind = click.option("--kind", type=click.Choice(["users", "rooms"]), default="users", show_default=True)
    command = kind(store_option(of(command)))
    for name in ("item", "user"):
        command = click.argument(name, type=int)(command)
    return command


def answer(user: int, item: int, kind: Kind, store: str | None, target: str | None) -> dict[str, Any]:
    """Return what an `Explainer` says, with scores and weights rounded to what is right of them."""
    from common.storage import open_store
    from recs_batch.explanation import Explainer
    from recs_batch.published import Published, publication_of
    from recs_batch.settings import locations

    place = open_store(locations(store=store).store_uri)
    published = Published(place, publication_of(place, target)) if target else Published.latest(place)
    explainer = Explainer(published, kind)
    return explainer.rounded(explainer.explain(user, item))


def tell_circumstances(user: int, item: int, found: dict[str, Any]) -> None:
    """Say which arm of an experiment a user is in, and how often a score was halved, if so."""
    if found["arm"]:
        click.echo(f"user {user} is in the arm {found['arm']}")
    if times := found.get("halvings"):
        days = "it was shown on many of the last 28 days without effect"
        click.echo(f"the score of {item} is halved {times} times: {days}")
