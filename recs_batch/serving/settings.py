"""What the service can be told by environment variables."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from common.settings import StoreSettings


class ServeSettings(StoreSettings):
    """The fields in capitals behind RECS_SERVE_, and STORE_URI; see the README."""

    model_config = SettingsConfigDict(env_prefix="RECS_SERVE_")

    store_uri: str = Field(default="var/store", min_length=1, validation_alias="STORE_URI")
    host: str = Field(default="127.0.0.1", min_length=1)
    port: int = Field(default=8082, ge=1, le=65535)
    workers: int = Field(default=2, ge=1, le=64)
    threads: int = Field(default=4, ge=1, le=64)
    poll_seconds: float = Field(default=15, gt=0, le=55)
    max_age_hours: float = Field(default=168, gt=0)
    cache: Path = Field(default=Path("var/recs-serving"))
