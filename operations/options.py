"""Options that several commands take, and what is made of them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from common.errors import ConfigurationError

if TYPE_CHECKING:
    from operations.environment import Environment

values_option = click.option(
    "--values",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("infra/values/aws.yaml"),
    show_default=True,
)
parameters_option = click.option(
    "--parameter", "-p", "parameters", multiple=True, metavar="NAME=VALUE", help="Wins over the file's."
)


def enter(values: Path) -> Environment:
    """Read an environment's values, and see that what we do is done in its region and its account."""
    from operations.environment import read_environment

    environment = read_environment(values)
    os.environ["AWS_REGION"] = os.environ["AWS_DEFAULT_REGION"] = environment.region
    environment.check_account()
    return environment


def named_values(parameters: Iterable[str]) -> dict[str, str]:
    """Return what `--parameter NAME=VALUE` gave. Raises `ConfigurationError`."""
    return dict(map(_name_and_value, parameters))


def _name_and_value(parameter: str) -> tuple[str, str]:
    name, separator, value = parameter.partition("=")
    if not separator:
        raise ConfigurationError(f"{parameter!r} is no NAME=VALUE")
    return name, value
