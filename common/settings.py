"""Settings come from environment variables, are read once in an entry point, and fail with the variable's name."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings

from common.errors import ConfigurationError

Settings = TypeVar("Settings", bound=BaseSettings)


class StoreSettings(BaseSettings):
    """STORE_URI: where files are read and published, a directory or s3://bucket/prefix."""

    store_uri: str = Field(default="var/store", min_length=1)


class DatabaseSettings(BaseSettings):
    """DATABASE_URL: a postgresql:// address; unset, an embedded PostgreSQL keeps its data in var/postgres.

    DATABASE_CREDENTIALS: where the password is: `url`, `iam` (a token of RDS), or a secret of AWS Secrets Manager.
    """

    database_url: str | None = Field(default=None, pattern=r"^postgres(ql)?://")
    database_credentials: str = Field(default="url", pattern=r"^(url|iam|rds!.+|arn:.+)$")


def load_settings(kind: type[Settings], **overrides: Any) -> Settings:
    """Read settings of one kind from the environment; overrides (command-line options) win unless they are None.

    Raises `ConfigurationError` naming every wrong variable, what it held and what was expected.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return kind(**given)
    except ValidationError as error:
        raise ConfigurationError("; ".join(_describe(kind, problem) for problem in error.errors())) from None


def _describe(kind: type[BaseSettings], problem: Any) -> str:
    field = str(problem["loc"][0]) if problem["loc"] else ""
    variable = f"{kind.model_config.get('env_prefix', '')}{field}".upper()
    if problem["type"] == "missing":
        return f"{variable} is not set"
    secret = any(word in variable for word in ("PASSWORD", "SECRET", "TOKEN", "DATABASE_URL"))
    held = "" if secret else f" is {problem['input']!r}"
    return f"{variable}{held}: {problem['msg'][:1].lower()}{problem['msg'][1:]}"
