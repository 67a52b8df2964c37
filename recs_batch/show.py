"""The latest publication as tables that a person reads."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from rich.table import Table

from common.storage import Store, latest_publication
from recs_batch.parameters import KINDS
from recs_batch.publishing import PREFIX

_TITLES = {"users": "whom to follow", "rooms": "which rooms to join"}
_ITEMS = {"users": "user", "rooms": "room"}


def read_latest(store: Store) -> dict[str, pa.Table]:
    """Return the rows of both kinds from the latest publication. Raises `ObjectNotFoundError` if there is none."""
    manifest = latest_publication(store, PREFIX)
    found: dict[str, pa.Table] = {}
    for kind in KINDS:
        keys = [f.key for f in manifest.files if f.key.startswith(f"kind={kind}/") and f.key.endswith(".parquet")]
        found[kind] = pa.concat_tables([pq.read_table(io.BytesIO(store.get(f"{PREFIX}/{key}"))) for key in keys])
    return found


def render(found: dict[str, pa.Table], count: int, ids: Sequence[int]) -> Iterator[Table]:
    """Yield a table for each kind: of the users `ids`, or of the first `count` users."""
    chosen = list(ids) or pc.unique(found["users"]["user_id"])[:count].to_pylist()
    for kind in KINDS:
        table = Table("user", "rank", _ITEMS[kind], "score", "because", title=_TITLES[kind], title_justify="left")
        for user in chosen:
            rows = found[kind].filter(pc.field("user_id") == user).to_pylist()
            for row in rows:
                name = str(user) if row["rank"] == 1 else ""
                table.add_row(name, str(row["rank"]), str(row["item_id"]), f"{row['score']:g}", _because(kind, row))
            table.add_section()
        yield table


def _because(kind: str, row: dict[str, Any]) -> str:
    if row["source"] == "overall":
        return f"popular: {row['reasons'][0]['weight']:g} {'follow them' if kind == 'users' else 'have joined'}"
    reasons = row["reasons"]
    return "; ".join(
        f"{words} {', '.join(_named(reason) for reason in found[:4])}{_more(found)}"
        for source, words in _WORDS.items()
        if (found := [reason for reason in reasons if reason["kind"] == source])
    )


_WORDS = {"connection": "by your links to", "room": "by your room", "followers": "by the followers of"}


def _named(reason: dict[str, Any]) -> str:
    return f"{reason['id']} ({reason['weight']:.3g})"


def _more(reasons: list[dict[str, Any]]) -> str:
    return f" and {len(reasons) - 4} more" if len(reasons) > 4 else ""
