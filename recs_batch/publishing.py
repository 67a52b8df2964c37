"""Publishing a night's recommendations: both kinds at once, or, if they are worse than before, not at all."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from common.errors import DataError
from common.storage import Manifest, ObjectNotFoundError, Store, latest_publication, new_run_id, publish
from recs_batch.parameters import KINDS, Kind

PREFIX = "recs"


class PublishSettings(BaseSettings):
    """RECS_MAX_REGRESSION: by what share of the last publication's recall the new one may fall short."""

    model_config = SettingsConfigDict(env_prefix="RECS_")

    max_regression: float = Field(default=0.2, ge=0, le=1)


def last_metadata(store: Store) -> dict[str, Any]:
    """Return what the latest publication says of itself, nothing if there is none."""
    try:
        return latest_publication(store, PREFIX).metadata
    except ObjectNotFoundError:
        return {}


def publish_night(
    store: Store,
    day: date,
    folders: Mapping[Kind, Path],
    metadata: Mapping[str, Any],
    settings: PublishSettings,
) -> Manifest:
    """Publish the files of both kinds as `recs/kind=<kind>/dt=<day>/run=<id>/...`.

    Raises `DataError` if nobody is recommended anything, or if the evaluation fell by more than the settings allow.
    """
    for kind in KINDS:
        if not metadata["counts"][kind]["rows"]:
            raise DataError(f"there is no recommendation of {kind} for anybody; not publishing")
    _check_regression(metadata.get("evaluation"), last_metadata(store).get("evaluation"), settings)
    run = new_run_id()
    files: dict[str, bytes | Path] = {
        f"kind={kind}/dt={day}/run={run}/{path.name}": path
        for kind in KINDS
        for path in sorted(folders[kind].iterdir())
    }
    return publish(store, PREFIX, f"dt={day}/run={run}", files, metadata)


def _check_regression(
    now: Mapping[str, Any] | None, before: Mapping[str, Any] | None, settings: PublishSettings
) -> None:
    for kind in KINDS if now and before else ():
        assert now is not None and before is not None  # noqa: S101, PT018 (for the type checker)
        new, old = now[kind]["recall"], before[kind]["recall"]
        if new < old * (1 - settings.max_regression):
            raise DataError(
                f"recall of {kind} fell from {old:.4f} to {new:.4f}, by more than {settings.max_regression:.0%}; "
                "not publishing (see evaluate's report; the limit is RECS_MAX_REGRESSION)"
            )
