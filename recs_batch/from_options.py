"""From the options of a command to the night that they specify."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from common.errors import ConfigurationError
from common.settings import load_settings
from common.storage import open_store
from recs_batch.beginning import begin
from recs_batch.engines.names import engine as engine_named
from recs_batch.night import Night, scratch_folder
from recs_batch.publishing import metadata_before
from recs_batch.settings import AlgorithmSettings, LimitSettings, locations
from recs_batch.specification import Specification, read_specification

_LAST_DAY = date(2261, 12, 31)  # nanoseconds since 1970 end soon after it, and with them Arrow's and DuckDB's time


@contextmanager
def begun_night(
    day: datetime | date | None,
    *,
    engine: str,
    days: int,
    evaluating: bool,
    fitting: bool | None,
    anew: bool,
    **options: Any,
) -> Iterator[Night]:
    """Give the night that a command's options specify, with a temporary folder of its own."""
    settings, chosen = locations(**options), chosen_day(day)
    algorithm = {name: options.get(name) for name in AlgorithmSettings.model_fields}
    work, store = open_store(settings.work_uri), open_store(settings.store_uri)
    last = metadata_before(store, chosen - timedelta(days=1)).get("parameters", {})
    asked = load_settings(AlgorithmSettings, **algorithm)
    parameters = asked.parameters(last)
    if parameters.scorer == "count" and engine == "compiled":
        raise ConfigurationError("RECS_SCORER is 'count', which only the engines duckdb and spark have")
    if asked.arms and (engine, parameters.scorer) != ("compiled", "filter"):
        raise ConfigurationError("RECS_ARMS is set, and only the engine compiled with the scorer filter has arms")
    evaluating = evaluating and parameters.scorer == "filter"  # which alone the evaluation knows
    engine_named(engine)  # refused before any work if it is not installed
    with scratch_folder() as scratch:
        specification = begin(
            work,
            settings.tables_uri,
            Path(scratch),
            anew=anew,
            day=chosen,
            engine=engine,
            parameters=parameters,
            arms=asked.arms,
            fitting=(evaluating and "filter_users" not in last) if fitting is None else fitting,
            limits=load_settings(LimitSettings).limits(),
            evaluation_days=days if evaluating else None,
            store=store.uri,
        )
        yield Night(specification, work, Path(scratch))


@contextmanager
def specified_night(day: datetime | None, work: str | None) -> Iterator[Night]:
    """Give the night of a day that was begun, with a temporary folder of its own."""
    place = open_store(locations(work=work).work_uri)
    specification: Specification = read_specification(place, chosen_day(day))
    with scratch_folder() as scratch:
        yield Night(specification, place, Path(scratch))


def chosen_day(day: datetime | date | None) -> date:
    """Return the day asked for, yesterday (UTC) if none was. Raises `ConfigurationError` for one beyond our time."""
    if day is None:
        return datetime.now(UTC).date() - timedelta(days=1)
    chosen = day.date() if isinstance(day, datetime) else day
    if not date(1970, 1, 1) <= chosen <= _LAST_DAY:
        raise ConfigurationError(f"the day {chosen} lies beyond the time that can be computed with")
    return chosen
