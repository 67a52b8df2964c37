"""A night: the steps in their order, over partitions that each can be made again alone."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.errors import ConfigurationError, MissingInputError
from common.logs import get_logger
from common.storage import Manifest, open_store
from recs_batch.checks import CheckSettings, check_columns, check_references, check_volume
from recs_batch.engines.names import engine
from recs_batch.evaluation.evaluate import evaluate, held_back
from recs_batch.evaluation.fit import fit
from recs_batch.evaluation.split import Split, split
from recs_batch.graph import steps
from recs_batch.output import write_recommendations
from recs_batch.parameters import KINDS, Kind, Parameters
from recs_batch.partitions import Partitions
from recs_batch.publishing import PublishSettings, last_metadata, publish_night
from recs_batch.recommendations import Recommendations
from recs_batch.tables import DATABASES, fetch_tables

if TYPE_CHECKING:
    from recs_batch.explanation import Explainer

RECS: dict[Kind, str] = {"users": "follow-recs", "rooms": "room-recs"}
FILTER: dict[Kind, str] = {"users": "filter-users", "rooms": "filter-rooms"}

log = get_logger(__name__)


class Night:
    """One day's run: from where, over which partitions, to where, with what parameters."""

    def __init__(self, *, tables: str, work: str, store: str, day: date, parameters: Parameters, scratch: Path) -> None:
        self._tables_uri, self._store, self._parameters, self._scratch = tables, open_store(store), parameters, scratch
        self._partitions, self.day = Partitions(work, day, scratch), day
        self._splits: dict[int, Split] = {}

    def tables(self) -> Path:
        """Bring the tables here, once."""
        folder = self._scratch / "tables"
        return folder if folder.exists() else fetch_tables(self._tables_uri, folder)

    def count_engagement(self, settings: CheckSettings) -> None:
        """Check the tables and count engagement. Raises `DataError` if they are not fit."""
        tables = self.tables()
        rows = check_columns(tables)
        check_volume(rows, last_metadata(self._store).get("tables"), settings)
        metadata: dict[str, Any] = {"tables": rows, "parameters": self._parameters.model_dump()}
        with self._partitions.writing("engagement", metadata) as folder:
            dropped = steps.count_engagement(tables, self.day, self._parameters, folder)
            check_references(rows, dropped, settings)
            metadata["dropped"] = dropped
        log.info("checked the tables", rows=rows, dropped=dropped)

    def build_filter(self, kind: Kind) -> None:
        """Compute the similarities that lead to users or rooms."""
        engagement = self._partitions.open("engagement")
        with self._partitions.writing(FILTER[kind], {"parameters": self._parameters.model_dump()}) as folder:
            steps.build_filter(engagement, kind, self._parameters, folder)

    def recommend(self, kind: Kind) -> None:
        """Recommend users or rooms to every user."""
        engagement, filtered = (self._partitions.open(step) for step in ("engagement", FILTER[kind]))
        self.write(kind, steps.recommend(engagement, filtered, kind, self._parameters))

    def write(self, kind: Kind, blocks: Iterable[Recommendations]) -> None:
        """Write recommendations, from whichever engine."""
        metadata: dict[str, Any] = {"parameters": self._parameters.model_dump()}
        with self._partitions.writing(RECS[kind], metadata) as folder:
            metadata["counts"] = write_recommendations(blocks, folder)

    def explainer(self, kind: Kind) -> Explainer:
        """Return what answers questions about one kind, from the partitions."""
        from recs_batch.explanation import Explainer  # noqa: PLC0415 (loads what only a picture needs)

        engagement, filtered = (self._partitions.open(step) for step in ("engagement", FILTER[kind]))
        return Explainer(engagement, filtered, kind, self._parameters)

    def fit(self, days: int) -> None:
        """Fit the filters on the period before the last `days`, which `evaluate` reports on."""
        halves = self._split(days)
        span = max((halves.day - halves.cut).days, 1)
        self._parameters = fit(halves.tables, halves.cut, span, self._parameters, self._scratch / "fit")
        log.info("fitted", parameters=self._parameters.model_dump())

    def evaluate(self, days: int, fitting: bool = False) -> Path:
        """Evaluate the filter and the baselines on the last `days` days held back; return the report's folder."""
        from recs_batch.evaluation.report import render_report  # noqa: PLC0415 (loads what only plots need)

        if fitting:
            self.fit(days)
        halves = self._split(days)
        metadata: dict[str, Any] = {"parameters": self._parameters.model_dump()}
        with self._partitions.writing("evaluate", metadata) as folder:
            results = evaluate(halves, self._parameters, self._scratch / "evaluation")
            metadata["evaluation"] = {
                kind: {"method": "filter", "recall": results[kind]["filter"]["recall"]["mean"]} for kind in KINDS
            }
            metadata["results"], metadata["held_back"] = results, held_back(halves)
            (folder / "metrics.json").write_text(json.dumps(results, indent=2, sort_keys=True) + "\n")
            report = render_report(results, "filter", held_back(halves), self._parameters.top)
            (folder / "report.html").write_text(report)
        return self._partitions.open("evaluate")

    def _split(self, days: int) -> Split:
        if days not in self._splits:
            self._splits[days] = split(self.tables(), self.day, days, self._parameters, self._scratch / f"split-{days}")
        return self._splits[days]

    def evaluation(self) -> dict[str, Any]:
        """Return the manifest of the evaluation. Raises `MissingInputError` if there was none."""
        return self._partitions.manifest("evaluate")

    def publish(self, settings: PublishSettings) -> Manifest:
        """Make the night's recommendations the latest publication."""
        manifests = {kind: self._partitions.manifest(RECS[kind]) for kind in KINDS}
        engagement = self._partitions.manifest("engagement")
        metadata = {
            "date": str(self.day),
            "parameters": manifests["users"]["parameters"],
            "counts": {kind: manifests[kind]["counts"] for kind in KINDS},
            "tables": engagement["tables"],
            "dropped": engagement["dropped"],
        }
        with suppress(MissingInputError):
            metadata["evaluation"] = self.evaluation()["evaluation"]
        folders = {kind: self._partitions.open(RECS[kind]) for kind in KINDS}
        manifest = publish_night(self._store, self.day, folders, metadata, settings)
        log.info("published", run=manifest.run, store=self._store.uri, **metadata["counts"])
        return manifest

    def run(
        self,
        engine_name: str,
        evaluation_days: int | None,
        checks: CheckSettings,
        publishing: PublishSettings,
        fitting: bool | None = None,
    ) -> Manifest:
        """Take every step, without evaluation if that has no days.

        The filters are fitted where `fitting` asks for it, by default on the first night that is evaluated.
        """
        if self._parameters.scorer == "count" and engine_name == "compiled":
            raise ConfigurationError("RECS_SCORER is 'count', which only the engines duckdb and spark have")
        if engine_name == "spark":
            self._run_on_spark(checks)
        else:
            self.count_engagement(checks)
        first = "filter_users" not in last_metadata(self._store).get("parameters", {})
        if evaluation_days is not None and (first if fitting is None else fitting):
            self.fit(evaluation_days)
        if engine_name == "compiled":
            for kind in KINDS:
                self.build_filter(kind)
            for kind in KINDS:
                self.recommend(kind)
        elif engine_name == "duckdb":
            self._write_both(engine(engine_name)(self.tables(), self.day, self._parameters, self._scratch))
        if evaluation_days is not None:
            self.evaluate(evaluation_days)
        return self.publish(publishing)

    def _run_on_spark(self, settings: CheckSettings) -> None:
        """Leave the tables where they are, if executors run elsewhere; check only columns and volumes."""
        from recs_batch.engines import spark_sql  # noqa: PLC0415 (Spark is in no image but its own)

        tables: Path | str = self._tables_uri
        if spark_sql.is_on_this_machine(self._scratch):
            tables = self.tables()
        elif self._tables_uri.startswith(DATABASES):
            raise ConfigurationError("TABLES_URI is a database: executors elsewhere read Parquet, from s3://… say")
        rows = spark_sql.check_tables(tables, self._scratch)
        check_volume(rows, last_metadata(self._store).get("tables"), settings)
        metadata = {"tables": rows, "dropped": {}, "parameters": self._parameters.model_dump()}
        with self._partitions.writing("engagement", metadata):
            log.info("checked the tables", rows=rows)
        self._write_both(engine("spark")(tables, self.day, self._parameters, self._scratch))

    def _write_both(self, found: Mapping[Kind, Recommendations]) -> None:
        for kind in KINDS:
            self.write(kind, [found[kind]])


def scratch_folder() -> tempfile.TemporaryDirectory[str]:
    """Return a temporary folder, on the disk that TMPDIR names."""
    return tempfile.TemporaryDirectory(prefix="recs-")
