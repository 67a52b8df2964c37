"""Settings of the command line, from the environment; options of a command win."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from common.settings import StoreSettings
from recs_batch.parameters import EventWeights, Filter, Parameters, Scorer, SecondHop


class RecsSettings(StoreSettings):
    """TABLES_URI: the input, a directory, s3://bucket/prefix or postgresql://; WORK_URI: the steps' partitions."""

    tables_uri: str = Field(default="var/tables", min_length=1)
    work_uri: str = Field(default="var/work/recs", min_length=1)


class AlgorithmSettings(BaseSettings):
    """RECS_TOP, RECS_FILTER_USERS, RECS_FILTER_ROOMS, RECS_WEIGHTS (JSON; what is left out keeps its default) and more.

    RECS_SCORER, RECS_CLOSEST and RECS_SECOND_HOP choose the algorithm of 2019, RECS_HALF_LIFE_DAYS ages engagement.
    """

    model_config = SettingsConfigDict(env_prefix="RECS_")

    closest: Annotated[int, Field(ge=1, le=15)] = 10
    top: Annotated[int, Field(ge=1, le=100)] = 5
    scorer: Scorer = "filter"
    second_hop: SecondHop = "follows"
    filter_users: Filter = Parameters().filter_users
    filter_rooms: Filter = Parameters().filter_rooms
    half_life_days: Annotated[float, Field(gt=0)] | None = None
    weights: EventWeights = EventWeights()

    @field_validator("filter_users", "filter_rooms", mode="before")
    @classmethod
    def _completed(cls, value: Any, info: ValidationInfo) -> Any:
        default = getattr(Parameters(), str(info.field_name)).model_dump()
        return default | value if isinstance(value, dict) else value

    def parameters(self, last: Mapping[str, Any] | None = None) -> Parameters:
        """Return them as the algorithm takes them, with the `last` published filters where none is set."""
        filters = {name: value for name, value in (last or {}).items() if name in _FILTERS - self.model_fields_set}
        return Parameters.model_validate(self.model_dump() | filters)


_FILTERS = {"filter_users", "filter_rooms"}
