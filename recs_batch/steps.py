"""The steps of a night, in their order: what each reads, what it must write, and how it is taken."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from common.logs import get_logger
from recs_batch.arms import CONTROL, merged, places_of
from recs_batch.checks import check_columns, check_references, check_volume
from recs_batch.engines.model import read_dropped
from recs_batch.evaluation.evaluate import evaluate, held_back
from recs_batch.evaluation.report import render_report
from recs_batch.evaluation.split import split
from recs_batch.graph import steps
from recs_batch.graph.files import Pairs, Rows, read_array
from recs_batch.guard import Evaluation
from recs_batch.lookup import LOOKUP
from recs_batch.output import CSV, PARQUET, write_recommendations
from recs_batch.parameters import KINDS, Kind
from recs_batch.publishing import metadata_before
from recs_batch.recommendations import Recommendations
from recs_batch.specification import Specification

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
_ROWS = [f"{name}.{part}.npy" for name in ("blocked", *(f"feedback.{kind}" for kind in KINDS)) for part in Rows._fields]
ENGAGEMENT_FILES = (*_PAIRS, *_ROWS)
FILTER_FILES = (*_SIMILAR, "popular.items.npy", "popular.counts.npy")

log = get_logger(__name__)


class Step(NamedTuple):
    """A step: the steps whose partitions it reads, the files it must write, and how it is taken.

    It is given the night and a folder, and returns what its manifest is to say.
    """

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
    if names := given.arm_names:
        ids = read_array(folder, "users.ids")
        arms = pa.DictionaryArray.from_arrays(places_of(ids, names).astype(np.int8), names)
        pq.write_table(pa.table({"user_id": ids, "arm": arms}), folder / "arms.parquet")
    check_references(rows, dropped, given.limits)
    log.info("checked the tables", rows=rows, dropped=dropped)
    return {"tables": rows, "dropped": dropped}


def _counted_by_spark(night: Night, folder: Path) -> dict[str, Any]:
    """Check the tables where they lie, columns and volumes first."""
    from recs_batch.engines import spark_sql  # noqa: PLC0415 (Spark is in no image but its own)

    given = night.specification
    rows = spark_sql.check_tables(night.tables_for_executors(), night.scratch)
    check_volume(rows, metadata_before(night.store, given.day).get("tables"), given.limits)
    night.take_from_engine("engagement", folder)
    dropped = read_dropped(night.scratch)
    check_references(rows, dropped, given.limits)
    log.info("checked the tables", rows=rows, dropped=dropped)
    return {"tables": rows, "dropped": dropped}


def _filter(kind: Kind) -> Callable[[Night, Path], dict[str, Any]]:
    def take(night: Night, folder: Path) -> dict[str, Any]:
        if night.specification.engine != "compiled":
            night.take_from_engine(FILTER[kind], folder)
            return {}
        engagement = night.partitions.open("engagement")
        for arm in night.specification.arm_names or [CONTROL]:
            into = folder / _arm_folder(arm)
            into.mkdir(exist_ok=True)
            steps.build_filter(engagement, kind, night.specification.parameters_of(arm), into)
        return {}

    return take


def _recommend(kind: Kind) -> Callable[[Night, Path], dict[str, Any]]:
    def take(night: Night, folder: Path) -> dict[str, Any]:
        if night.specification.engine != "compiled":
            return {"counts": write_recommendations([night.recommended_by_engine[kind]], folder)}
        engagement, filtered = (night.partitions.open(step) for step in ("engagement", FILTER[kind]))
        return {"counts": write_recommendations(_blocks(night.specification, engagement, filtered, kind), folder)}

    return take


def _blocks(given: Specification, engagement: Path, filtered: Path, kind: Kind) -> Iterator[Recommendations]:
    """Return what is recommended to block after block of users, to those of each arm by its parameters."""
    names = given.arm_names
    if not names:
        return steps.recommend(engagement, filtered, kind, given.parameters)
    places = places_of(read_array(engagement, "users.ids"), names)
    return merged(
        steps.recommend(engagement, filtered / _arm_folder(arm), kind, given.parameters_of(arm), only=places == place)
        for place, arm in enumerate(names)
    )


def _arm_folder(arm: str) -> str:
    """Return where an arm's filter is: that of the night's own parameters where it would be without arms."""
    return "." if arm == CONTROL else arm


def _evaluate(night: Night, folder: Path) -> dict[str, Any]:
    given = night.specification
    days = given.evaluation_days or 28
    halves = split(night.tables, given.day, days, given.parameters, night.scratch / "split")
    results = evaluate(halves, given.parameters, night.scratch / "evaluation")
    for arm, of_arm in given.arms.items():
        measured = evaluate(halves, of_arm.of(given.parameters), night.scratch / f"evaluation-{arm}", ("filter",))
        for kind in KINDS:
            results[kind][f"arm {arm}"] = measured[kind]["filter"]
    (folder / "metrics.json").write_text(json.dumps(results, indent=2, sort_keys=True) + "\n")
    (folder / "report.html").write_text(render_report(results, "filter", held_back(halves), given.parameters.top))
    like = "a fifth at random" if halves.at_random else f"{days} days"
    found = Evaluation.of(results, "filter", given.parameters.top, like)
    arms = {arm: Evaluation.of(results, f"arm {arm}", given.parameters.top, like) for arm in given.arms}
    return {"evaluation": found.model_copy(update={"arms": arms}).model_dump(), "results": results}


def steps_of(evaluated: bool) -> dict[str, Step]:
    """Return the steps of a night by name."""
    found = {"engagement": Step((), ENGAGEMENT_FILES, _engagement)}
    for kind, name in FILTER.items():
        found[name] = Step(("engagement",), FILTER_FILES, _filter(kind))
    for kind, name in RECS.items():
        found[name] = Step(("engagement", FILTER[kind]), (PARQUET, CSV, *LOOKUP), _recommend(kind))
    if evaluated:
        found["evaluate"] = Step((), ("metrics.json", "report.html"), _evaluate)
    return found
