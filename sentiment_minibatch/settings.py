"""Settings of this service; command-line options override them."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class AggregationSettings(BaseSettings):
    """SENTIMENT_GRACE_SECONDS after its end a minute is aggregated; SENTIMENT_MINUTES_PER_RUN bounds one run."""

    model_config = SettingsConfigDict(env_prefix="SENTIMENT_")

    grace_seconds: float = Field(default=5.0, ge=0, le=3_600)
    minutes_per_run: int = Field(default=1_440, ge=1)

    @property
    def grace(self) -> timedelta:
        """The grace as a time span."""
        return timedelta(seconds=self.grace_seconds)


class PageSettings(BaseSettings):
    """SENTIMENT_WORKERS: processes that serve the page and the API."""

    model_config = SettingsConfigDict(env_prefix="SENTIMENT_")

    workers: int = Field(default=2, ge=1, le=64)


class RetentionSettings(BaseSettings):
    """SENTIMENT_RETENTION_DAYS: for how long raw scores are kept; SENTIMENT_TEXT_RETENTION_DAYS: messages' texts."""

    model_config = SettingsConfigDict(env_prefix="SENTIMENT_")

    retention_days: int = Field(default=30, ge=1)
    text_retention_days: int = Field(default=7, ge=1)
