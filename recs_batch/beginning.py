"""The beginning of a night: what it is to do is decided and written down, with the tables as they are now."""

from __future__ import annotations

import secrets
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

from common.errors import MissingInputError
from common.logs import get_logger
from common.settings import load_settings
from common.storage import Store, open_store, was_removed
from recs_batch.checks import check_columns, readable_tables
from recs_batch.evaluation.fit import fit
from recs_batch.evaluation.split import split
from recs_batch.partitions import Partitions
from recs_batch.publishing import PREFIX
from recs_batch.settings import DatabaseTableSettings
from recs_batch.specification import Specification, read_specification, write_specification
from recs_batch.tables import DATABASES, OPTIONAL, TABLES, fetch_tables, snapshot

COPY = "tables"  # the partition that has a database's tables

log = get_logger(__name__)


def begin(
    work: Store, tables: str, scratch: Path, *, anew: bool = False, fitting: bool = False, **decided: Any
) -> Specification:
    """Write the specification of a night over `tables` (a directory, s3://… or postgresql://…) and return it.

    The same decisions over the same tables make the same night, which goes on where it ended, unless `anew`, or unless
    the code has no version that stands for it. A database is copied, for it cannot be asked again for what it held.
    """
    if tables.startswith(DATABASES):
        source: dict[str, Any] = _copied(work, tables, decided["day"], scratch)
    else:
        store = open_store(tables)
        source = {"tables": store.uri, "files": snapshot(store)}
    specification = Specification.model_validate(decided | source)
    if anew or not _is_repeatable(specification):
        specification = specification.salted()
    if fitting:
        specification = _fitted_before(work, specification) or _fitted(work, specification, scratch)
    write_specification(work, specification)
    log.info("specified", day=str(specification.day), night=specification.id, fitted=specification.fitted)
    return specification


def tables_of(specification: Specification, work: Store, scratch: Path) -> Path:
    """Bring the tables, as they were when the night began, to a folder and return it."""
    folder = scratch / "tables"
    if folder.exists():
        return folder
    if not specification.copied:
        return fetch_tables(specification.tables, folder, specification.files)
    copy = Partitions(work, specification.day, specification.copied, scratch).open(COPY)
    for table in (*TABLES, *(name for name in OPTIONAL if (copy / f"{name}.parquet").exists())):
        (folder / table).mkdir(parents=True)
        (folder / table / "00000.parquet").symlink_to(copy / f"{table}.parquet")
    return folder


def _is_repeatable(specification: Specification) -> bool:
    """Tell whether the code's version says what it does, and whether the night's name is free to be published."""
    known = specification.code_version != "unknown" and not specification.code_version.endswith("-dirty")
    return known and not was_removed(open_store(specification.store), PREFIX, specification.run)


def _fitted_before(work: Store, specification: Specification) -> Specification | None:
    """Return the day's specification if that is this one, fitted, so that a night which was killed goes on."""
    with suppress(MissingInputError):
        earlier = read_specification(work, specification.day)
        same = earlier.model_copy(update={"parameters": specification.parameters, "fitted": False})
        if earlier.fitted and same == specification:
            return earlier
    return None


def _fitted(work: Store, specification: Specification, scratch: Path) -> Specification:
    """Return the same with filters fitted on the period before the one that the evaluation reports on."""
    tables, given = tables_of(specification, work, scratch), specification.parameters
    with readable_tables():
        check_columns(tables)
        halves = split(tables, specification.day, specification.evaluation_days or 28, given, scratch / "fit-split")
        days = max((halves.day - halves.cut).days, 1)
        parameters = fit(halves.tables, halves.cut, days, given, scratch / "fit")
    return specification.model_copy(update={"parameters": parameters, "fitted": True})


def _copied(work: Store, url: str, day: date, scratch: Path) -> dict[str, Any]:
    from common.postgres import describe  # noqa: PLC0415 (its driver is not needed for files)
    from recs_batch.postgres import copy_tables  # noqa: PLC0415 (its driver is not needed for files)

    night, timeout = secrets.token_hex(8), load_settings(DatabaseTableSettings).lock_timeout_seconds
    files = [f"{table}.parquet" for table in TABLES]
    with Partitions(work, day, night, scratch).writing(COPY, files, (), {}) as folder:
        copy_tables(url, TABLES, folder, timeout, OPTIONAL)
    return {"tables": describe(url), "copied": night}
