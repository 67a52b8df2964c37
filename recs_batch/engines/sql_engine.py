"""The algorithm on any SQL engine: the statements run one after the other, and what they leave gathered."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from common.progress import track
from recs_batch.engines import model, sql
from recs_batch.graph.steps import unit_of
from recs_batch.parameters import KINDS, Kind, Parameters
from recs_batch.recommendations import SOURCE_COLUMNS, Recommendations, from_rows


class Database(Protocol):
    """What an engine does: it has the tables `raw_<table>`, and speaks a dialect."""

    dialect: sql.Dialect

    def make(self, name: str, select: str, *, kept: bool) -> None:
        """Give the rows of a SELECT a name, in place of what had it; `kept`: compute them now, once."""

    def rows(self, select: str) -> pa.Table:
        """Return the rows of a SELECT."""


def count_engagement(database: Database, day: date, parameters: Parameters) -> None:
    """Make the tables that both kinds of recommendation need."""
    for name, select in track(list(sql.shared_statements(parameters, day, database.dialect)), "count engagement"):
        database.make(name, select, kept=True)


def count_dropped(database: Database, day: date, parameters: Parameters) -> dict[str, dict[str, int]]:
    """Return how many rows of each table were left out, by reason, as the compiled steps count them."""
    dropped: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for row in database.rows(sql.statement("dropped", "users", parameters, day, database.dialect)).to_pylist():
        if row["rows"]:
            dropped[row["name"]][row["reason"]] = row["rows"]
    return dict(dropped)


def recommend(database: Database, day: date, parameters: Parameters, scratch: Path) -> dict[Kind, Recommendations]:
    """Return what is recommended, once the engagement is counted; leave the model in `scratch`."""
    engagement, found = model.model_folder(scratch, "engagement"), {}
    model.write_pairs(database.rows, engagement)
    for kind in track(KINDS, "recommend"):
        for name, select in sql.statements_of(kind, parameters, day, database.dialect):
            database.make(name, select, kept=name not in sql.VIEWS)
        rows = database.rows("SELECT * FROM recommendations ORDER BY user_id, rank, place")
        found[kind] = from_rows(rows.select(SOURCE_COLUMNS), unit_of(parameters))
        model.write_filter(database.rows, kind, engagement, model.model_folder(scratch, f"filter-{kind}"))
    return found
