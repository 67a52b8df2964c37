"""The steps of a night, in their order: what each reads, what it must write, and how it is taken."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from common.logs import get_logger
from recs_batch.checks import check_columns, check_references, check_volume
from recs_batch.evaluation.evaluate import evaluate, held_back
from recs_batch.evaluation.report import render_report
from recs_batch.evaluation.split import split
from recs_batch.graph import steps
from recs_batch.graph.files import Pairs, Rows
from recs_batch.guard import Evaluation
from recs_batch.lookup import LOOKUP
from recs_batch.output import CSV, PARQUET, write_recommendations
from recs_batch.parameters import KINDS, Kind
from recs_batch.publishing import metadata_before

if TYPE_CHECKING:
    from recs_batch.night import Night

RECS: dict[Kind, str] = {"users": "follow-recs", "rooms": "room-recs"}
FILTER: dict[Kind, str] = {"users": "filter-users", "rooms": "filter-rooms"}
PUBLISHED = {  # in which folder of a publication a step's files are
    "follow-recs": "kind=users",
    "room-recs": "kind=rooms",
    "engagement": "model=engagement",
    "filter-users": "model=filter-users",
    "filter-rooms": "model=filter-rooms",
    "evaluate": "night",
}
_PAIRS = [f"{kind}.{part}.npy" for kind in KINDS for part in ("ids", "active", *Pairs._fields)]
_SIMILAR = [f"{prefix}{kind}.{part}.npy" for prefix in ("", "links.") for kind in KINDS for part in Rows._fields]
ENGAGEMENT_FILES = (*_PAIRS, *(f"blocked.{part}.npy" for part in Rows._fields))
FILTER_FILES = (*_SIMILAR, "popular.items.npy", "popular.counts.npy")

log = get_logger(__name__)


class Step(NamedTuple):
    """A step: what it does, the steps whose partitions it reads, the files it must write, and how it is taken.

    It is given the night and a folder, and returns what its manifest is to say.
    """

    description: str
    reads: tuple[str, ...]
    files: tuple[str, ...]
    take: Callable[[Night, Path], dict[str, Any]]


def _engagement(night: Night, folder: Path) -> dict[str, Any]:
    given = night.specification
    if given.engine == "spark":
        return _counted_by_spark(night, folder)
    rows = check_columns(night.tables)
    check_volume(rows, metadata_before(night.store, given.day).get("tables"), given.limits)
    dropped = steps.count_engagement(night.tables, given.day, given.parameters, folder)
    check_references(rows, dropped, given.limits)
    log.info("checked the tables", rows=rows, dropped=dropped)
    return {"tables": rows, "dropped": dropped}


def _counted_by_spark(night: Night, folder: Path) -> dict[str, Any]:
    """Check only columns and volumes, where the tables lie."""
    from recs_batch.engines import spark_sql  # noqa: PLC0415 (Spark is in no image but its own)

    given = night.specification
    rows = spark_sql.check_tables(night.tables_for_executors(), night.scratch)
    check_volume(rows, metadata_before(night.store, given.day).get("tables"), given.limits)
    night.take_from_engine("engagement", folder)
    return {"tables": rows, "dropped": {}}


def _filter(kind: Kind) -> Callable[[Night, Path], dict[str, Any]]:
    def take(night: Night, folder: Path) -> dict[str, Any]:
        if night.specification.engine != "compiled":
            night.take_from_engine(FILTER[kind], folder)
            return {}
        steps.build_filter(night.partitions.open("engagement"), kind, night.specification.parameters, folder)
        return {}

    return take


def _recommend(kind: Kind) -> Callable[[Night, Path], dict[str, Any]]:
    def take(night: Night, folder: Path) -> dict[str, Any]:
        if night.specification.engine != "compiled":
            return {"counts": write_recommendations([night.recommended_by_engine[kind]], folder)}
        engagement, filtered = (night.partitions.open(step) for step in ("engagement", FILTER[kind]))
        blocks = steps.recommend(engagement, filtered, kind, night.specification.parameters)
        return {"counts": write_recommendations(blocks, folder)}

    return take


def _evaluate(night: Night, folder: Path) -> dict[str, Any]:
    given = night.specification
    days = given.evaluation_days or 28
    halves = split(night.tables, given.day, days, given.parameters, night.scratch / "split")
    results = evaluate(halves, given.parameters, night.scratch / "evaluation")
    (folder / "metrics.json").write_text(json.dumps(results, indent=2, sort_keys=True) + "\n")
    (folder / "report.html").write_text(render_report(results, "filter", held_back(halves), given.parameters.top))
    like = "a fifth at random" if halves.at_random else f"{days} days"
    found = Evaluation.of(results, "filter", given.parameters.top, like)
    return {"evaluation": found.model_dump(), "results": results}


def steps_of(scorer: str, evaluated: bool) -> dict[str, Step]:
    """Return the steps of a night by name."""
    checked = "Check the tables and count who engages with whom and what."
    found = {"engagement": Step(checked, (), ENGAGEMENT_FILES, _engagement)}
    for kind, name in FILTER.items() if scorer == "filter" else ():
        found[name] = Step(
            f"Compute the similarities that lead to {kind}.", ("engagement",), FILTER_FILES, _filter(kind)
        )
    for kind, name in RECS.items():
        reads = ("engagement", FILTER[kind]) if scorer == "filter" else ("engagement",)
        found[name] = Step(f"Recommend {kind} to every user.", reads, (PARQUET, CSV, *LOOKUP), _recommend(kind))
    if evaluated:
        found["evaluate"] = Step(
            "Compare what is published with baselines on the last days, held back; write a report.",
            (),
            ("metrics.json", "report.html"),
            _evaluate,
        )
    return found
