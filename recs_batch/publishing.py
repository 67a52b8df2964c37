"""Publishing a night: both kinds at once, or, if it is not whole or much smaller than before, not at all."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from common.errors import DataError
from common.storage import Manifest, Store, list_publications, publish
from recs_batch.guard import day_of
from recs_batch.parameters import KINDS, Kind
from recs_batch.specification import Specification

PREFIX = "recs"


def metadata_before(store: Store, day: date) -> dict[str, Any]:
    """Return what the last publication up to a day says of itself, nothing if there is none."""
    earlier = [manifest for manifest in list_publications(store, PREFIX) if day_of(manifest) <= day]
    return max(earlier, key=lambda one: (day_of(one), one.published_at)).metadata if earlier else {}


def publish_night(
    store: Store, specification: Specification, files: Mapping[str, Path], metadata: Mapping[str, Any]
) -> Manifest:
    """Publish a night's files, named `<folder>/<file>`, as `recs/<folder>/<run>/<file>`, beside its specification.

    It becomes the latest publication unless that is of a later day.
    """
    run, keys = specification.run, {name: _key(name, specification.run) for name in files}
    return publish(
        store,
        PREFIX,
        run,
        {keys[name]: path for name, path in files.items()} | {specification_key(run): specification.encoded()},
        metadata,
        supersedes=lambda latest: day_of(latest) <= specification.day,
    )


def specification_key(run: str) -> str:
    """Return under which key, in the prefix, a publication has its specification."""
    return _key("night/specification.json", run)


def check_counts(
    counts: Mapping[Kind, Mapping[str, int]], before: Mapping[str, Mapping[str, int]], largest_drop: float
) -> None:
    """Raise `DataError` if nobody is recommended anything, or far fewer users than in the last publication."""
    if not any(counts[kind]["rows"] for kind in KINDS):
        raise DataError("there is no recommendation of users or rooms for anybody; not publishing")
    for kind in KINDS:
        served, was = counts[kind]["users"], before.get(kind, {}).get("users", 0)
        if served < was * (1 - largest_drop):
            raise DataError(
                f"{kind} are recommended to {served:,} users, last time to {was:,}; not publishing "
                "(the limit is RECS_MAX_VOLUME_DROP)"
            )


def check_rows(path: Path, counted: int) -> None:
    """Raise `DataError` if a Parquet file has other rows than the step that wrote it counted."""
    rows = pq.read_metadata(path).num_rows
    if rows != counted:
        raise DataError(f"{path} has {rows:,} rows, and the step that wrote it counted {counted:,}")


def _key(name: str, run: str) -> str:
    folder, _, file = name.rpartition("/")
    return f"{folder}/{run}/{file}"
