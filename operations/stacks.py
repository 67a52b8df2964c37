"""CloudFormation stacks from infra/: created or updated, waited for, and a failure's reason found."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError, WaiterError

from common.errors import ApplicationError, ConfigurationError

TEMPLATES = Path("infra")
_PATIENCE = {"Delay": 5, "MaxAttempts": 720}  # an hour: RDS takes its time


class StackError(ApplicationError):
    """CloudFormation refused the template or rolled back; the message has its reason."""


def deploy(name: str, template: str, parameters: Mapping[str, str]) -> dict[str, str]:
    """Create or update the stack `name` from `infra/<template>.yaml` and return its outputs.

    Parameters that are not given keep their value, or take the template's default. Raises `StackError`.
    """
    body = _template(template)
    client = boto3.session.Session().client("cloudformation")
    try:
        _create_or_update(client, name, body, parameters)
        (stack,) = client.describe_stacks(StackName=name)["Stacks"]
    except WaiterError:
        raise StackError(f"stack {name} was not deployed: {_first_failure(client, name)}") from None
    except (BotoCoreError, ClientError) as error:
        raise StackError(f"stack {name} was not deployed: {error}") from None
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


def delete(name: str) -> None:
    """Delete a stack and wait until it is gone. Buckets, key and a last snapshot stay. Raises `StackError`."""
    client = boto3.session.Session().client("cloudformation")
    try:
        client.delete_stack(StackName=name)
        client.get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig=_PATIENCE)
    except WaiterError:
        raise StackError(f"stack {name} was not deleted: {_first_failure(client, name)}") from None
    except (BotoCoreError, ClientError) as error:
        raise StackError(f"stack {name} was not deleted: {error}") from None


def _template(name: str) -> str:
    path = TEMPLATES / f"{name}.yaml"
    if not path.exists():
        known = ", ".join(sorted(found.stem for found in TEMPLATES.glob("*.yaml")))
        raise ConfigurationError(f"there is no template {name!r}; there are {known}")
    return path.read_text()


def _parameters_of(client: Any, name: str) -> set[str] | None:
    """Return the names of the deployed stack's parameters, or None if there is no such stack."""
    try:
        (stack,) = client.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":
            return None
        raise
    return {parameter["ParameterKey"] for parameter in stack.get("Parameters", [])}


def _parameters_in(client: Any, body: str) -> set[str]:
    """Return the names of the template's parameters."""
    return {parameter["ParameterKey"] for parameter in client.get_template_summary(TemplateBody=body)["Parameters"]}


def _create_or_update(client: Any, name: str, body: str, parameters: Mapping[str, str]) -> None:
    present = _parameters_of(client, name)
    kept = (present or set()) & _parameters_in(client, body) - parameters.keys()
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
        return
    try:
        client.update_stack(**stack)
    except ClientError as error:
        if "No updates are to be performed" in str(error):
            return
        raise
    client.get_waiter("stack_update_complete").wait(StackName=name, WaiterConfig=_PATIENCE)


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
