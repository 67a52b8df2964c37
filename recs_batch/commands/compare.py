"""`compare`: two publications side by side."""

from __future__ import annotations

import json

import click

from common.commands import Command
from recs_batch.commands.options import store_option


@click.command("compare", cls=Command)
@store_option
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@click.option("--most", type=click.IntRange(min=0), default=5, show_default=True, help="Users to name.")
def command(*, store: str | None, first: str, second: str, most: int) -> None:
    """Compare the publications A and B (dt=…/run=…, or a day that has one): what changed, for whom, and why.

    Two sets of parameters are compared as two nights of one day: `run` it again with other RECS_… variables, in a
    --store of its own if it shall not be served. The arms of an experiment stand side by side in the recall.
    """
    from rich.console import Console
    from rich.table import Table

    from common.storage import open_store
    from recs_batch import comparison
    from recs_batch.parameters import KINDS
    from recs_batch.published import Published, publication_of
    from recs_batch.settings import locations

    place, console = open_store(locations(store=store).store_uri), Console()
    one, other = (Published(place, publication_of(place, target)) for target in (first, second))
    console.print(f"A is {one.manifest.run}, B is {other.manifest.run}", highlight=False)
    for name, before, after in comparison.differing_parameters(one, other):
        console.print(f"  {name}: {json.dumps(before)} in A, {json.dumps(after)} in B", highlight=False, markup=False)
    likeness = Table("", "users", "overlap", "rank correlation", "users that changed")
    changed = Table("", "user", "overlap", "only in A", "only in B", "why not in B", title="who changed most")
    changed.title_justify = "left"
    for kind in KINDS:
        found, changes = comparison.compare_kind(one, other, kind, most)
        correlation = "-" if found.correlation is None else f"{found.correlation:.3f}"
        likeness.add_row(kind, f"{found.users:,}", f"{found.overlap:.1%}", correlation, f"{found.changed:,}")
        for change in changes:
            why = "\n".join(comparison.why_gone(other, kind, change))
            items = (", ".join(map(str, side)) for side in (change.gone, change.come))
            changed.add_row(kind, str(change.user), f"{change.overlap:.0%}", *items, why)
    console.print(likeness, *([changed] if changed.row_count else []))
    if recall := comparison.recall_table(one, other):
        console.print(recall)
