"""The beginning of a night: what it is to do is decided and written down, with the tables as they are now."""

from __future__ import annotations

import secrets
from datetime import date
from pathlib import Path
from typing import Any

from common.logs import get_logger
from common.postgres import describe
from common.settings import load_settings
from common.storage import Store, open_store, was_removed
from recs_batch.partitions import Partitions
from recs_batch.publishing import PREFIX
from recs_batch.settings import DatabaseTableSettings
from recs_batch.specification import Specification, write_specification
from recs_batch.tables import DATABASES, TABLES, snapshot

COPY = "tables"  # the partition that has a database's tables

log = get_logger(__name__)


def begin(work: Store, tables: str, scratch: Path, *, anew: bool = False, **decided: Any) -> Specification:
    """Write the specification of a night over `tables` (a directory, s3://… or postgresql://…) and return it.

    The same decisions over the same tables make the same night, which goes on where it ended, unless `anew`, or unless
    the code has no version that stands for it. A database is copied, for it cannot be asked again for what it held.
    """
    if tables.startswith(DATABASES):
        source: dict[str, Any] = {"tables": describe(tables), "copied": _copy(work, tables, decided["day"], scratch)}
    else:
        store = open_store(tables)
        source = {"tables": store.uri, "files": snapshot(store)}
    specification = Specification.model_validate(decided | source)
    if anew or not _is_repeatable(specification):
        specification = specification.salted()
    write_specification(work, specification)
    log.info("specified", day=str(specification.day), night=specification.id, parameters=decided["parameters"])
    return specification


def _is_repeatable(specification: Specification) -> bool:
    """Tell whether the code's version says what it does, and whether the night's name is free to be published."""
    known = specification.code_version != "unknown" and not specification.code_version.endswith("-dirty")
    return known and not was_removed(open_store(specification.store), PREFIX, specification.run)


def _copy(work: Store, url: str, day: date, scratch: Path) -> str:
    from recs_batch.postgres import copy_tables  # noqa: PLC0415 (its driver is not needed for files)

    night, timeout = secrets.token_hex(8), load_settings(DatabaseTableSettings).lock_timeout_seconds
    files = [f"{table}.parquet" for table in TABLES]
    with Partitions(work, day, night, scratch).writing(COPY, files, (), {}) as folder:
        copy_tables(url, TABLES, folder, timeout)
    return night
