"""Settings of the command line, from the environment; options of a command win."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from common.settings import StoreSettings
from recs_batch.parameters import Blend, EventWeights, Parameters, Scorer, SecondHop


class RecsSettings(StoreSettings):
    """TABLES_URI: the input, a directory, s3://bucket/prefix or postgresql://; WORK_URI: the steps' partitions."""

    tables_uri: str = Field(default="var/tables", min_length=1)
    work_uri: str = Field(default="var/work/recs", min_length=1)


class AlgorithmSettings(BaseSettings):
    """RECS_CLOSEST, RECS_TOP, RECS_SECOND_HOP, RECS_HALF_LIFE_DAYS, RECS_WEIGHTS (JSON): the algorithm's parameters."""

    model_config = SettingsConfigDict(env_prefix="RECS_")

    closest: Annotated[int, Field(ge=1, le=15)] = 10
    top: Annotated[int, Field(ge=1, le=100)] = 5
    scorer: Scorer = "blend"
    second_hop: SecondHop = "follows"
    blend_users: Blend = Parameters().blend_users
    blend_rooms: Blend = Parameters().blend_rooms
    half_life_days: Annotated[float, Field(gt=0)] | None = None
    weights: EventWeights = EventWeights()

    def parameters(self) -> Parameters:
        """Return them as the algorithm takes them."""
        return Parameters(**self.model_dump())
