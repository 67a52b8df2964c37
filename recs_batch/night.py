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
from recs_batch.evaluation.evaluate import evaluate, fit, held_back, method_of
from recs_batch.evaluation.split import split
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
CLOSEST: dict[Kind, str] = {"users": "closest-users", "rooms": "closest-rooms"}

log = get_logger(__name__)


class Night:
    """One day's run: from where, over which partitions, to where, with what parameters."""

    def __init__(self, *, tables: str, work: str, store: str, day: date, parameters: Parameters, scratch: Path) -> None:
        self._tables_uri, self._store, self._parameters, self._scratch = tables, open_store(store), parameters, scratch
        self._partitions, self.day = Partitions(work, day, scratch), day

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

    def find_closest(self, kind: Kind) -> None:
        """Find the closest users or rooms of every user."""
        engagement = self._partitions.open("engagement")
        with self._partitions.writing(CLOSEST[kind], {"parameters": self._parameters.model_dump()}) as folder:
            steps.find_closest(engagement, kind, self._parameters, folder)

    def recommend(self, kind: Kind) -> None:
        """Recommend users or rooms to every user."""
        engagement, users, rooms = (self._partitions.open(step) for step in ("engagement", *CLOSEST.values()))
        self.write(kind, steps.recommend(engagement, users, rooms, kind, self._parameters))

    def write(self, kind: Kind, blocks: Iterable[Recommendations]) -> None:
        """Write recommendations, from whichever engine."""
        metadata: dict[str, Any] = {"parameters": self._parameters.model_dump()}
        with self._partitions.writing(RECS[kind], metadata) as folder:
            metadata["counts"] = write_recommendations(blocks, folder)

    def explainer(self, kind: Kind) -> Explainer:
        """Return what answers questions about one kind, from the partitions."""
        from recs_batch.explanation import Explainer  # noqa: PLC0415 (loads what only a picture needs)

        engagement, users, rooms = (self._partitions.open(step) for step in ("engagement", *CLOSEST.values()))
        return Explainer((engagement, users, rooms), kind, self._parameters)

    def evaluate(self, days: int, fit_blend: bool = False) -> Path:
        """Evaluate every scorer on the last `days` days held back; return the folder of the report."""
        from recs_batch.evaluation.report import render_report  # noqa: PLC0415 (loads what only plots need)

        metadata: dict[str, Any] = {"parameters": self._parameters.model_dump()}
        with self._partitions.writing("evaluate", metadata) as folder:
            halves = split(self.tables(), self.day, days, self._parameters, self._scratch / "split")
            parameters = self._parameters
            if fit_blend:
                parameters = fit(halves, parameters, self._scratch / "earlier")
                metadata["fitted"] = {k: v for k, v in parameters.model_dump().items() if k.startswith("blend_")}
            results, method = evaluate(halves, parameters), method_of(self._parameters)
            metadata["evaluation"] = {
                kind: {"method": method, "recall": results[kind][method]["recall"]["mean"]} for kind in KINDS
            }
            metadata["results"], metadata["held_back"] = results, held_back(halves)
            (folder / "metrics.json").write_text(json.dumps(results, indent=2, sort_keys=True) + "\n")
            report = render_report(results, method, held_back(halves), parameters.top)
            (folder / "report.html").write_text(report)
        return self._partitions.open("evaluate")

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
        self, engine_name: str, evaluation_days: int | None, checks: CheckSettings, publishing: PublishSettings
    ) -> Manifest:
        """Take every step, without evaluation if that has no days."""
        if engine_name == "spark":
            self._run_on_spark(checks)
        else:
            self.count_engagement(checks)
        if engine_name == "compiled":
            for kind in KINDS:
                self.find_closest(kind)
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
