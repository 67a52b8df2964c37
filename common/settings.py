"""Settings come from environment variables, are read once in an entry point, and fail with the variable's name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsError

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
    except SettingsError as error:
        field = next((name for name in kind.model_fields if f'"{name}"' in str(error)), "")
        raise ConfigurationError(f"{_variable(kind, field)} is not JSON: {error.__cause__}") from None


def nearest(name: str, known: Iterable[str]) -> str:
    """Return "; did you mean …?" with the known name that is most like a mistaken one, "" if none is."""
    found = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {found[0]!r}?" if found else ""


def _describe(kind: type[BaseSettings], problem: Any) -> str:
    field, *inside = problem["loc"] or ("",)
    variable = _variable(kind, str(field))
    if problem["type"] == "missing":
        return f"{variable} is not set"
    if problem["type"] == "extra_forbidden" and inside:
        known = _known_names(kind, (str(field), *inside[:-1]))
        return f"{variable}: unknown name {inside[-1]!r}{nearest(str(inside[-1]), known)} (known: {', '.join(known)})"
    secret = any(word in variable for word in ("PASSWORD", "SECRET", "TOKEN", "DATABASE_URL"))
    held = "" if secret else f" is {problem['input']!r}"
    place = "".join(f" {part}" for part in inside)
    return f"{variable}{place}{held}: {problem['msg'][:1].lower()}{problem['msg'][1:]}"


def _variable(kind: type[BaseSettings], field: str) -> str:
    return f"{kind.model_config.get('env_prefix', '')}{field}".upper()


def _known_names(kind: type[BaseModel], location: Iterable[Any]) -> list[str]:
    """Return the fields of the model that lies at a place in another."""
    model: Any = kind
    for part in location:
        if part not in model.model_fields:  # the key of a mapping
            continue
        annotation = model.model_fields[part].annotation
        model = next(
            one for one in (annotation, *get_args(annotation)) if isinstance(one, type) and issubclass(one, BaseModel)
        )
    return list(model.model_fields)
