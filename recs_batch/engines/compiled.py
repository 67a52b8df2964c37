"""The whole algorithm over compressed rows, compiled by numba: the default engine."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from recs_batch.graph.steps import build_filter, count_engagement
from recs_batch.graph.steps import recommend as recommend_kind
from recs_batch.parameters import KINDS, Kind, Parameters
from recs_batch.recommendations import Recommendations, concatenate


def recommend(tables: Path, day: date, parameters: Parameters, scratch: Path) -> dict[Kind, Recommendations]:
    """Recommend users and rooms from the Parquet files `tables/<table>/*.parquet`; `scratch` holds the steps' files."""
    engagement, found = scratch / "engagement", {}
    engagement.mkdir(parents=True, exist_ok=True)
    count_engagement(tables, day, parameters, engagement)
    for kind in KINDS:
        filtered = scratch / f"filter-{kind}"
        filtered.mkdir(exist_ok=True)
        build_filter(engagement, kind, parameters, filtered)
        found[kind] = concatenate(recommend_kind(engagement, filtered, kind, parameters))
    return found
