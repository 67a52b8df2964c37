"""Deploying to an endpoint whose updates may fail: what serves goes on, and nothing is left of what does not."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import boto3
import pytest

from common.errors import MissingInputError
from image_classifier import sagemaker
from image_classifier.sagemaker import endpoints as endpoint_calls
from tests.aws.sagemaker import Endpoints

ROLE = "arn:aws:iam::123456789012:role/SageMaker"
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/image-classifier:1"


@pytest.fixture
def endpoints(aws: str, monkeypatch: pytest.MonkeyPatch) -> Endpoints:
    return Endpoints(monkeypatch)


@pytest.fixture
def name(endpoints: Endpoints) -> Iterator[str]:
    """An endpoint's name; what the test made of it is removed."""
    unique = f"e-{uuid.uuid4().hex[:8]}"
    yield unique
    with suppress(MissingInputError):
        sagemaker.delete(unique)


def deploy(name: str, model: str = "1") -> str:
    return sagemaker.deploy(name, IMAGE, ROLE, f"s3://models/{model}/model.tar.gz", None)


def left(name: str) -> tuple[list[str], list[str]]:
    """The configurations and models of an endpoint that are there."""
    client: Any = boto3.client("sagemaker")
    configurations = client.list_endpoint_configs(NameContains=name)["EndpointConfigs"]
    models = client.list_models(NameContains=name)["Models"]
    named = [found["ModelName"] for found in models if found["ModelName"].startswith(name)]  # moto lists all
    return [found["EndpointConfigName"] for found in configurations], named


def serving(name: str) -> str:
    return str(boto3.client("sagemaker").describe_endpoint(EndpointName=name)["EndpointConfigName"])


def test_an_update_serves_the_new_version_and_removes_the_old_one(name: str) -> None:
    first = deploy(name)
    second = deploy(name, "2")
    assert first != second == serving(name)
    assert left(name) == ([second], [second])


def test_an_update_that_fails_is_told_and_what_serves_keeps_its_configuration_and_model(
    name: str, endpoints: Endpoints
) -> None:
    first = deploy(name)
    endpoints.update_fails = "the container did not answer /ping"
    with pytest.raises(sagemaker.SageMakerError, match=f"serves {first} as before: the container did not answer"):
        deploy(name, "2")
    assert serving(name) == first
    assert left(name) == ([first], [first])
    endpoints.update_fails = None
    assert deploy(name, "3") == serving(name)


def test_a_first_deployment_that_fails_leaves_nothing_in_the_way_of_the_next(name: str, endpoints: Endpoints) -> None:
    endpoints.create_fails = "no capacity"
    with pytest.raises(sagemaker.SageMakerError, match="no capacity"):
        deploy(name)
    assert left(name) == ([], [])
    endpoints.create_fails = None
    assert deploy(name) == serving(name)


def test_a_refused_configuration_leaves_no_model(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = {"VariantName": "all", "ModelName": "no-such-model", "InstanceType": "ml.none", "InitialInstanceCount": 1}
    monkeypatch.setattr(endpoint_calls, "_variant", lambda *_: wrong)
    with pytest.raises(sagemaker.SageMakerError, match="refused CreateEndpointConfig"):
        deploy(name)
    assert left(name) == ([], [])
