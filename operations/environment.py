"""One environment on AWS: the values of a file, and what its stacks have printed, under one set of names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
import yaml
from botocore.exceptions import ClientError

from common.errors import ConfigurationError, MissingInputError

EXAMPLE = Path("infra/values/example.yaml")
VALUES = Path("infra/values/aws.yaml")
STACKS = ("storage", "database", "identity", "streaming")  # in the order in which they need each other
_REQUIRED = ("Account", "Region", "Name")
_PLACEHOLDER = re.compile(r"\$\{([A-Z][A-Za-z]*)\}")


@dataclass(frozen=True)
class Environment:
    """The values of an environment by name; a name that no value has may be an output of one of its stacks."""

    values: Mapping[str, str]
    source: Path

    @property
    def region(self) -> str:
        """Where it is."""
        return self.values["Region"]

    def stack(self, template: str) -> str:
        """Return the name of its stack of this template."""
        return f"{self.values['Name']}-{template}"

    def client(self, service: str) -> Any:
        """Return a client for its region."""
        return boto3.session.Session(region_name=self.region).client(service)

    def check_account(self) -> str:
        """Return who we are. Raises `ConfigurationError` unless the credentials are for this environment's account."""
        identity = self.client("sts").get_caller_identity()
        if identity["Account"] != self.values["Account"]:
            raise ConfigurationError(
                f"the credentials are for account {identity['Account']}, {self.source} for {self.values['Account']}"
            )
        return str(identity["Arn"])

    @cached_property
    def outputs(self) -> dict[str, str]:
        """What its stacks have printed."""
        return {name: value for template in STACKS for name, value in self._outputs(template).items()}

    def find(self, name: str) -> str | None:
        """Return a value, or else the output of this name, or None; AWS is asked only for the latter."""
        return self.values[name] if name in self.values else self.outputs.get(name)

    def fill(self, found: Any) -> Any:
        """Return a document with its `${Name}` filled in. Raises `ConfigurationError` naming all that have no value."""
        missing: set[str] = set()
        filled = self._fill(found, missing)
        if missing:
            raise ConfigurationError(
                f"{', '.join(sorted(missing))}: neither in {self.source} nor an output of a stack that is deployed"
            )
        return filled

    def _fill(self, found: Any, missing: set[str]) -> Any:
        if isinstance(found, str):
            names = _PLACEHOLDER.findall(found)
            missing.update(name for name in names if self.find(name) is None)
            return _PLACEHOLDER.sub(lambda match: self.find(match[1]) or "", found)
        if isinstance(found, dict):
            return {key: self._fill(value, missing) for key, value in found.items()}
        return [self._fill(item, missing) for item in found] if isinstance(found, list) else found

    def _outputs(self, template: str) -> dict[str, str]:
        try:
            (stack,) = self.client("cloudformation").describe_stacks(StackName=self.stack(template))["Stacks"]
        except ClientError as error:
            if error.response["Error"]["Code"] == "ValidationError":
                return {}
            raise
        return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


def read_environment(path: Path = VALUES) -> Environment:
    """Read the values of an environment. Raises `MissingInputError`, or `ConfigurationError` for a wrong file."""
    try:
        values = yaml.safe_load(path.read_text())
    except FileNotFoundError:
        raise MissingInputError(f"{path} does not exist: copy {EXAMPLE} to it and fill it in") from None
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{path} is no YAML: {str(error).splitlines()[0]}") from None
    if not isinstance(values, dict):
        raise ConfigurationError(f"{path} is no list of names and values")
    if wrong := [str(name) for name, value in values.items() if not isinstance(value, str)]:
        raise ConfigurationError(f"{path}: every value is a text, numbers in quotes: {', '.join(wrong)}")
    if missing := [name for name in _REQUIRED if not values.get(name)]:
        raise ConfigurationError(f"{path} does not say {', '.join(missing)}")
    return Environment(values, path)
