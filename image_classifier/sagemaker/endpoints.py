"""Endpoints: deployed, switched over to another version, asked, deleted."""

from __future__ import annotations

import base64
import json
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import WaiterError

from common.errors import MissingInputError
from image_classifier.sagemaker.calls import SageMakerError, call, sagemaker_client


def deploy(name: str, image: str, role: str, model_uri: str, instance_type: str | None) -> str:
    """Create or update an endpoint for a model.tar.gz and wait until it is in service; None asks for a serverless one.

    Each deployment has a model and a configuration of its own; an update switches the endpoint over to the new ones
    while the old ones answer, and then removes the old ones. A refused or failed one leaves nothing: SageMaker rolls an
    update that fails back to the old ones, and calls that in service. Raises as `train` does.
    """
    client = sagemaker_client()
    version = f"{name}-{int(time.time() * 1000)}"
    container = {"Image": image, "ModelDataUrl": model_uri}
    previous = _current_config(client, name)
    operation = client.create_endpoint if previous is None else client.update_endpoint
    variants = [_variant(version, instance_type)]
    try:
        call(client.create_model, ModelName=version, PrimaryContainer=container, ExecutionRoleArn=role)
        call(client.create_endpoint_config, EndpointConfigName=version, ProductionVariants=variants)
        call(operation, EndpointName=name, EndpointConfigName=version)
    except SageMakerError:
        _discard(client, version)
        raise
    _wait_for(client, name, version, is_new=previous is None)
    if previous is not None:
        _delete_version(client, previous)
    return version


def invoke(name: str, image: Path) -> dict[str, Any]:
    """Send an image file to an endpoint and return its answer."""
    if not image.is_file():
        raise MissingInputError(f"{image} is not there")
    response = call(
        boto3.client("sagemaker-runtime").invoke_endpoint,
        EndpointName=name,
        ContentType="application/json",
        Body=json.dumps({"image": base64.b64encode(image.read_bytes()).decode()}),
    )
    answer: dict[str, Any] = json.loads(response["Body"].read())
    return answer


def delete(name: str) -> None:
    """Delete an endpoint, its configuration and its model."""
    client = sagemaker_client()
    config = _current_config(client, name)
    if config is None:
        raise MissingInputError(f"there is no endpoint {name}")
    call(client.delete_endpoint, EndpointName=name)
    _wait(client, "endpoint_deleted", name)
    _delete_version(client, config)


def _wait_for(client: Any, name: str, version: str, *, is_new: bool) -> None:
    """Wait until an endpoint serves a version; if it never does, remove that and raise `SageMakerError`."""
    try:
        _wait(client, "endpoint_in_service", name)
    except SageMakerError:
        if is_new:  # an endpoint that failed can only be deleted
            call(client.delete_endpoint, EndpointName=name)
            _discard(client, version)
        raise
    described = call(client.describe_endpoint, EndpointName=name)
    if described["EndpointConfigName"] != version:
        _discard(client, version)
        reason = described.get("FailureReason", "no reason given")
        raise SageMakerError(f"endpoint {name} serves {described['EndpointConfigName']} as before: {reason}")


def _discard(client: Any, version: str) -> None:
    """Remove what was made of a version that serves nobody, as far as it was made."""
    for operation, named in ((client.delete_endpoint_config, "EndpointConfigName"), (client.delete_model, "ModelName")):
        with suppress(SageMakerError):
            call(operation, **{named: version})


def _wait(client: Any, waiter: str, name: str) -> None:
    try:
        client.get_waiter(waiter).wait(EndpointName=name)
    except WaiterError as error:
        reason = error.last_response.get("FailureReason") or str(error)
        raise SageMakerError(f"endpoint {name}: {reason}") from None


def _variant(model: str, instance_type: str | None) -> dict[str, Any]:
    variant: dict[str, Any] = {"VariantName": "all", "ModelName": model}
    if instance_type is None:
        return variant | {"ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 5}}
    return variant | {"InstanceType": instance_type, "InitialInstanceCount": 1, "InitialVariantWeight": 1.0}


def _current_config(client: Any, name: str) -> str | None:
    pages = client.get_paginator("list_endpoints").paginate(NameContains=name)
    found = call(lambda: [endpoint["EndpointName"] for page in pages for endpoint in page["Endpoints"]])
    if name not in found:
        return None
    return str(call(client.describe_endpoint, EndpointName=name)["EndpointConfigName"])


def _delete_version(client: Any, config: str) -> None:
    variants = call(client.describe_endpoint_config, EndpointConfigName=config)["ProductionVariants"]
    call(client.delete_endpoint_config, EndpointConfigName=config)
    for variant in variants:
        call(client.delete_model, ModelName=variant["ModelName"])
