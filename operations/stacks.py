"""CloudFormation stacks from infra/: created or updated, waited for, and a failure's reason found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError, WaiterError

from common.errors import ApplicationError, ConfigurationError
from operations.code import code_parameters
from operations.environment import Environment

TEMPLATES = Path("infra")
_PATIENCE = {"Delay": 5, "MaxAttempts": 720}  # an hour: RDS takes its time
# A create that failed leaves a stack that can only be deleted; what it had made is gone already.
_NEVER_CAME_TO_BE = {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED"}


class StackError(ApplicationError):
    """CloudFormation refused the template or rolled back; the message has its reason."""


def parameters_of(environment: Environment, template: str, given: Mapping[str, str]) -> dict[str, str]:
    """Return a template's parameters: those given, then an environment's values and outputs by name, then its code.

    Zip files are uploaded for that. Raises `ConfigurationError` naming parameters that nothing gives.
    """
    declared = parameters_in(environment.client("cloudformation"), template_body(template))
    found = {name: value for name in declared if (value := environment.find(name)) is not None} | dict(given)
    found |= code_parameters(environment, declared.keys() - found.keys())
    if missing := sorted(name for name, default in declared.items() if default is None and name not in found):
        raise ConfigurationError(
            f"{', '.join(missing)}: neither in {environment.source} nor an output of a stack that is deployed"
        )
    return found


def deploy(
    name: str, template: str, parameters: Mapping[str, str], write: Callable[[str], None] = lambda _: None
) -> dict[str, str]:
    """Create or update the stack `name` from `infra/<template>.yaml` and return its outputs; `write` is told which.

    Parameters that are not given keep their value, or take the template's default. Raises `StackError`.
    """
    body = template_body(template)
    client = boto3.session.Session().client("cloudformation")
    try:
        write(f"{name}: {_create_or_update(client, name, body, parameters)}")
        (stack,) = client.describe_stacks(StackName=name)["Stacks"]
    except WaiterError:
        raise StackError(f"stack {name} was not deployed: {_first_failure(client, name)}") from None
    except ClientError as error:
        raise StackError(f"stack {name} was not deployed: {error}") from None
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


def delete(name: str) -> None:
    """Delete a stack and wait until it is gone. Buckets, key and a last snapshot stay. Raises `StackError`."""
    client = boto3.session.Session().client("cloudformation")
    try:
        _delete(client, name)
    except WaiterError:
        raise StackError(f"stack {name} was not deleted: {_first_failure(client, name)}") from None
    except ClientError as error:
        raise StackError(f"stack {name} was not deleted: {error}") from None


def template_body(name: str) -> str:
    """Return a template's text. Raises `ConfigurationError` if there is none of this name."""
    path = TEMPLATES / f"{name}.yaml"
    if not path.exists():
        known = ", ".join(sorted(found.stem for found in TEMPLATES.glob("*.yaml")))
        raise ConfigurationError(f"there is no template {name!r}; there are {known}")
    return path.read_text()


def parameters_in(client: Any, body: str) -> dict[str, str | None]:
    """Return the names of a template's parameters with their defaults."""
    declared = client.get_template_summary(TemplateBody=body)["Parameters"]
    return {parameter["ParameterKey"]: parameter.get("DefaultValue") for parameter in declared}


def described(client: Any, name: str) -> dict[str, Any] | None:
    """Return what CloudFormation says of a stack, or None if there is no such stack."""
    try:
        (stack,) = client.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":
            return None
        raise
    return dict(stack)


def _create_or_update(client: Any, name: str, body: str, parameters: Mapping[str, str]) -> str:
    present = described(client, name)
    if present is not None and present["StackStatus"] in _NEVER_CAME_TO_BE:
        _delete(client, name)
        present = None
    known = {parameter["ParameterKey"] for parameter in (present or {}).get("Parameters", [])}
    kept = known & parameters_in(client, body).keys() - parameters.keys()
    stack = {
        "StackName": name,
        "TemplateBody": body,
        "Capabilities": ["CAPABILITY_NAMED_IAM"],
        "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
        + [{"ParameterKey": key, "UsePreviousValue": True} for key in sorted(kept)],
    }
    if present is None:
        client.create_stack(**stack)
        client.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig=_PATIENCE)
        return "created"
    try:
        client.update_stack(**stack)
    except ClientError as error:
        if "No updates are to be performed" in str(error):
            return "unchanged: template, parameters and code are those that are deployed"
        raise
    client.get_waiter("stack_update_complete").wait(StackName=name, WaiterConfig=_PATIENCE)
    return "updated"


def _delete(client: Any, name: str) -> None:
    client.delete_stack(StackName=name)
    client.get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig=_PATIENCE)


def _first_failure(client: Any, name: str) -> str:
    """Return why CloudFormation gave up: the oldest failure of the last attempt names the cause."""
    try:
        events = client.describe_stack_events(StackName=name)["StackEvents"]
    except ClientError as error:
        return str(error)
    failed = [event for event in events if event["ResourceStatus"].endswith("_FAILED")]
    if not failed:
        return "no event names a failure; look at the stack's events"
    return f"{failed[-1]['LogicalResourceId']}: {failed[-1].get('ResourceStatusReason', 'no reason given')}"
