"""The engines by name. Each is imported when chosen: Spark, for one, is in no image but its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.errors import ConfigurationError

if TYPE_CHECKING:
    from recs_batch.parameters import Kind, Parameters
    from recs_batch.recommendations import Recommendations

    Recommend = Callable[[Any, date, Parameters, Path], Mapping[Kind, Recommendations]]

ENGINES = {
    "compiled": "recs_batch.engines.compiled",
    "duckdb": "recs_batch.engines.duckdb_sql",
    "spark": "recs_batch.engines.spark_sql",
}


def engine(name: str) -> Recommend:
    """Return the engine's function of tables (a folder, for Spark also a URI), day, parameters and a scratch folder."""
    try:
        recommend: Recommend = import_module(ENGINES[name]).recommend
    except ModuleNotFoundError as error:
        raise ConfigurationError(f"the engine {name} needs {error.name}, which is not installed here") from None
    return recommend
