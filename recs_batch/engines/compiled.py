"""The whole algorithm over compressed rows, compiled by numba: the default engine."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from recs_batch.graph.steps import count_engagement, find_closest
from recs_batch.graph.steps import recommend as recommend_kind
from recs_batch.parameters import KINDS, Kind, Parameters
from recs_batch.recommendations import Recommendations, concatenate


def recommend(tables: Path, day: date, parameters: Parameters, scratch: Path) -> dict[Kind, Recommendations]:
    """Recommend users and rooms from the Parquet files `tables/<table>/*.parquet`; `scratch` holds the steps' files."""
    folders = [scratch / name for name in ("engagement", "closest-users", "closest-rooms")]
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
    engagement, users, rooms = folders
    count_engagement(tables, day, parameters, engagement)
    find_closest(engagement, "users", parameters, users)
    find_closest(engagement, "rooms", parameters, rooms)
    return {kind: concatenate(recommend_kind(engagement, users, rooms, kind, parameters)) for kind in KINDS}
