"""Calls of SageMaker's API, and its refusals in its own words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from common.errors import ApplicationError, UnavailableError


class SageMakerError(ApplicationError):
    """SageMaker refused a request or a job failed; the message is SageMaker's own."""


def sagemaker_client() -> Any:
    """Return a client of SageMaker's API."""
    return boto3.client("sagemaker")


def call(operation: Callable[..., Any], **request: Any) -> Any:
    """Call an operation; raises `SageMakerError` when it is refused and `UnavailableError` when nobody answers."""
    try:
        return operation(**request)
    except ClientError as error:
        raise SageMakerError(
            f"SageMaker refused {error.operation_name}: {error.response['Error']['Message']}"
        ) from None
    except BotoCoreError as error:
        raise UnavailableError(f"SageMaker cannot be reached: {error}") from None
