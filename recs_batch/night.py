"""A night: the steps in their order, over partitions that each are made once, whole, or not at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from common.errors import ConfigurationError, MissingInputError
from common.logs import get_logger
from common.storage import Manifest, Store, list_publications, open_store
from recs_batch.beginning import tables_of
from recs_batch.checks import readable_tables
from recs_batch.engines.model import model_folder
from recs_batch.engines.names import engine
from recs_batch.guard import Evaluation, check_recall
from recs_batch.output import PARQUET
from recs_batch.parameters import Kind
from recs_batch.partitions import Partitions
from recs_batch.publishing import PREFIX, check_counts, check_rows, metadata_before, publish_night
from recs_batch.recommendations import Recommendations
from recs_batch.specification import Specification
from recs_batch.steps import PUBLISHED, RECS, steps_of
from recs_batch.tables import check_unchanged

log = get_logger(__name__)


class Night:
    """One night over its partitions in `work`; `scratch` is a folder for what is needed in between."""

    def __init__(self, specification: Specification, work: Store, scratch: Path) -> None:
        self.specification, self.store = specification, open_store(specification.store)
        self.partitions = Partitions(work, specification.day, specification.id, scratch)
        self.steps = steps_of(specification.evaluation_days is not None)
        self.work, self.scratch = work, scratch

    @cached_property
    def tables(self) -> Path:
        """The folder of the tables, brought here, as they were when the night began."""
        return tables_of(self.specification, self.work, self.scratch)

    @cached_property
    def recommended_by_engine(self) -> Mapping[Kind, Recommendations]:
        """What an engine that does everything at once recommends."""
        given = self.specification
        tables = self.tables_for_executors() if given.engine == "spark" else self.tables
        return engine(given.engine)(tables, given.day, given.parameters, self.scratch)

    def take_from_engine(self, step: str, folder: Path) -> None:
        """Move what an engine that does everything at once has left for a step to a folder."""
        assert self.recommended_by_engine  # noqa: S101 (it has run now)
        for path in model_folder(self.scratch, step).iterdir():
            shutil.move(path, folder / path.name)

    def tables_for_executors(self) -> Path | str:
        """Return where Spark's executors read the tables: here, if they run here, or else where they lie."""
        from recs_batch.engines import spark_sql  # noqa: PLC0415 (Spark is in no image but its own)

        if spark_sql.is_on_this_machine(self.scratch):
            return self.tables
        if self.specification.copied:
            raise ConfigurationError("TABLES_URI is a database: executors elsewhere read Parquet, from s3://… say")
        return self.specification.tables

    def take(self, name: str) -> None:
        """Take a step, unless it was taken. Raises `UnavailableError` if another run takes it at the same time."""
        if name not in self.steps:
            raise MissingInputError(f"the night of {self.specification.day} is specified without the step {name}")
        step = self.steps[name]
        if self.partitions.is_complete(name):
            log.info("this step has been taken", step=name, day=str(self.specification.day))
            return
        metadata: dict[str, Any] = {}
        with self.partitions.writing(name, step.files, step.reads, metadata) as folder, readable_tables():
            metadata |= step.take(self, folder)
            if self.specification.files and "tables" in self.__dict__:
                check_unchanged(open_store(self.specification.tables), self.specification.files)

    def run(self) -> Manifest:
        """Take every step that was not taken and publish."""
        for name in self.steps:
            self.take(name)
        return self.publish()

    def publish(self) -> Manifest:
        """Verify what the steps wrote, compare it with earlier nights, and make it the latest publication."""
        given = self.specification
        verified = {step: self.partitions.verified(step) for step in self.steps if step in PUBLISHED}
        engagement = self.partitions.manifest("engagement").metadata
        counts = {kind: verified[step][1].metadata["counts"] for kind, step in RECS.items()}
        for kind, step in RECS.items():
            check_rows(verified[step][0] / PARQUET, counts[kind]["rows"])
        check_counts(counts, metadata_before(self.store, given.day).get("counts", {}), given.limits.max_volume_drop)
        metadata = {
            "night": given.id,
            "date": str(given.day),
            "engine": given.engine,
            "parameters": given.parameters.model_dump(),
            "fitted": given.fitted,
            "arms": {arm: given.parameters_of(arm).model_dump() for arm in given.arms},
            "counts": counts,
            "tables": engagement["tables"],
            "dropped": engagement["dropped"],
            "evaluation": self._judged(),
        }
        files = {
            f"{PUBLISHED[step]}/{name}": folder / name for step, (folder, of) in verified.items() for name in of.files
        }
        manifest = publish_night(self.store, given, files, metadata)
        log.info("published", run=manifest.run, store=self.store.uri, **counts)
        return manifest

    def _judged(self) -> dict[str, Any] | None:
        """Return the evaluation, None if the night has none. Raises `DataError` if it is worse than before."""
        given = self.specification
        if given.evaluation_days is None:
            return None
        evaluation = Evaluation.model_validate(self.partitions.manifest("evaluate").metadata["evaluation"])
        check_recall(evaluation, given.day, list_publications(self.store, PREFIX), given.limits.max_regression)
        return evaluation.model_dump()


def scratch_folder() -> tempfile.TemporaryDirectory[str]:
    """Return a temporary folder, on the disk that TMPDIR names."""
    return tempfile.TemporaryDirectory(prefix="recs-")
