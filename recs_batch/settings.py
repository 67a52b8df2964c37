"""Settings of the command line, from the environment; options of a command win."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import Field, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from common.errors import ConfigurationError
from common.settings import StoreSettings, load_settings
from recs_batch.arms import CONTROL, Arm
from recs_batch.parameters import EventWeights, Filter, Parameters, Scorer, SecondHop
from recs_batch.specification import Limits, Share

_FILTERS = {"filter_users", "filter_rooms"}
_NEARLY = 0.85  # how much alike, from 0 to 1, a name must be to be taken for a misspelt one


class RecsSettings(StoreSettings):
    """TABLES_URI: the input, a directory, s3://bucket/prefix or postgresql://; WORK_URI: the steps' partitions."""

    tables_uri: str = Field(default="var/tables", min_length=1)
    work_uri: str = Field(default="var/work/recs", min_length=1)


def locations(**options: Any) -> RecsSettings:
    """Return where everything lies."""
    refuse_misspelt(os.environ)
    uris = {f"{name}_uri": options.get(name) for name in ("tables", "work", "store")}
    return load_settings(RecsSettings, **uris)


class AlgorithmSettings(BaseSettings):
    """RECS_TOP, RECS_FILTER_USERS, RECS_FILTER_ROOMS, RECS_WEIGHTS (JSON; what is left out keeps its default) and more.

    RECS_SHOWN_DAYS: days of showing after which a score is halved, 0 for never.
    RECS_ARMS (JSON): arms of an experiment by name, each with what it sets otherwise in the filters.
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
    shown_days: Annotated[int, Field(ge=0, le=28)] = Parameters().shown_days
    weights: EventWeights = EventWeights()
    arms: Mapping[Annotated[str, Field(pattern="^[a-z0-9-]{1,32}$")], Arm] = {}

    @field_validator("filter_users", "filter_rooms", mode="before")
    @classmethod
    def _completed(cls, value: Any, info: ValidationInfo) -> Any:
        default = getattr(Parameters(), str(info.field_name)).model_dump()
        return default | value if isinstance(value, dict) else value

    @field_validator("arms")
    @classmethod
    def _beside_the_control(cls, arms: Mapping[str, Arm]) -> Mapping[str, Arm]:
        if CONTROL in arms:
            raise ValueError(f"{CONTROL} is the arm that has the night's own parameters")
        return arms

    def parameters(self, last: Mapping[str, Any] | None = None) -> Parameters:
        """Return them as the algorithm takes them, with the `last` published filters where none is set."""
        filters = {name: value for name, value in (last or {}).items() if name in _FILTERS - self.model_fields_set}
        return Parameters.model_validate(self.model_dump(exclude={"arms"}) | filters)


class LimitSettings(BaseSettings):
    """RECS_MAX_DROPPED, RECS_MAX_VOLUME_DROP, RECS_MAX_REGRESSION: shares beyond which a night is refused."""

    model_config = SettingsConfigDict(env_prefix="RECS_")

    max_dropped: Share = Limits().max_dropped
    max_volume_drop: Share = Limits().max_volume_drop
    max_regression: Share = Limits().max_regression

    def limits(self) -> Limits:
        """Return them as a specification has them."""
        return Limits(**self.model_dump())


class DatabaseTableSettings(BaseSettings):
    """RECS_LOCK_TIMEOUT_SECONDS: how long to wait for a table that another session has locked."""

    model_config = SettingsConfigDict(env_prefix="RECS_")

    lock_timeout_seconds: float = Field(default=60, gt=0)


class RetentionSettings(BaseSettings):
    """RECS_KEEP_PUBLICATIONS: how many stay in the store; RECS_KEEP_WORK_DAYS: how long nights' partitions stay."""

    model_config = SettingsConfigDict(env_prefix="RECS_")

    keep_publications: int = Field(default=30, ge=2)
    keep_work_days: float = Field(default=7, ge=0)


def refuse_misspelt(names: Iterable[str]) -> None:
    """Raise `ConfigurationError` for a variable that is none of ours but nearly so."""
    kinds = (AlgorithmSettings, LimitSettings, DatabaseTableSettings, RetentionSettings)
    known = {f"RECS_{field}".upper() for kind in kinds for field in kind.model_fields}
    for name in names:
        if name not in known and (near := difflib.get_close_matches(name, known, n=1, cutoff=_NEARLY)):
            raise ConfigurationError(f"{name} is no setting; did you mean {near[0]}?")
