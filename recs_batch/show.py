"""Publications as tables that a person reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rich.table import Table

from common.storage import Manifest
from recs_batch.graph.steps import unit_of
from recs_batch.guard import Evaluation, evaluation_of
from recs_batch.parameters import KINDS, Kind
from recs_batch.published import Published
from recs_batch.recommendations import precise

_TITLES = {"users": "whom to follow", "rooms": "which rooms to join"}
_ITEMS = {"users": "user", "rooms": "room"}


def render(found: Published, users: Sequence[int]) -> Iterator[Table]:
    """Yield a table for each kind, of some users."""
    unit = unit_of(found.parameters)
    for kind in KINDS:
        table = Table("user", "rank", _ITEMS[kind], "score", "because", title=_TITLES[kind], title_justify="left")
        for user in users:
            for row in found.rows(kind, user):
                name = str(user) if row["rank"] == 1 else ""
                table.add_row(
                    name, str(row["rank"]), str(row["item_id"]), _told(row["score"], unit), _because(kind, row, unit)
                )
            table.add_section()
        yield table


def publications_table(found: Sequence[Manifest], latest: str) -> Table:
    """Return a table of publications: which is the latest, from when, for how many users, how good."""
    table = Table("", "publication", "published (UTC)", "users", "recall of users", "of rooms", box=None)
    for column in table.columns:
        column.no_wrap = True
    for one in found:
        table.add_row(
            "*" if one.run == latest else "",
            one.run,
            f"{one.published_at:%Y-%m-%d %H:%M}",
            f"{max(one.metadata['counts'][kind]['users'] for kind in KINDS):,}",
            *(_recall(evaluation_of(one), kind) for kind in KINDS),
        )
    return table


def _recall(evaluation: Evaluation | None, kind: Kind) -> str:
    if evaluation is None or not evaluation.of_kind(kind).users:
        return "not measured"
    recall = evaluation.of_kind(kind).recall
    return f"{recall.mean:.3f} [{recall.low:.3f}, {recall.high:.3f}]"


def _because(kind: str, row: dict[str, Any], unit: int) -> str:
    if row["source"] == "overall":
        return f"popular: {row['reasons'][0]['weight']:g} {'follow them' if kind == 'users' else 'have joined'}"
    reasons = row["reasons"]
    return "; ".join(
        f"{words} {', '.join(_named(reason, unit) for reason in found[:4])}{_more(found)}"
        for source, words in _WORDS.items()
        if (found := [reason for reason in reasons if reason["kind"] == source])
    )


_WORDS = {"connection": "by your links to", "room": "by your room", "followers": "by the followers of"}


def _named(reason: dict[str, Any], unit: int) -> str:
    return f"{reason['id']} ({_told(reason['weight'], unit)})"


def _told(value: float, unit: int) -> str:
    return f"{precise(value, unit):g}"


def _more(reasons: list[dict[str, Any]]) -> str:
    return f" and {len(reasons) - 4} more" if len(reasons) > 4 else ""
