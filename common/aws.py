"""AWS by boto3: where the region comes from, and its errors in the words of ours."""

from __future__ import annotations

import os
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    InvalidRegionError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
)

from common.errors import ApplicationError, ConfigurationError, MissingInputError, UnavailableError

_SETTINGS = (NoRegionError, InvalidRegionError, NoCredentialsError, PartialCredentialsError, ProfileNotFound)
_DENIED = (
    "AccessDenied",
    "Forbidden",
    "UnrecognizedClient",
    "InvalidClientTokenId",
    "ExpiredToken",
    "SignatureDoesNot",
)
_AGAIN = ("Throttl", "TooManyRequests", "RequestLimit", "SlowDown", "ServiceUnavailable", "InternalFailure")
_MISSING = ("NotFound", "NoSuch", "NonExistent")


def share_region(environment: MutableMapping[str, str] = os.environ) -> None:
    """Let AWS_REGION hold for boto3 too: it reads AWS_DEFAULT_REGION alone, unlike AWS's other tools."""
    if region := environment.get("AWS_REGION"):
        environment["AWS_DEFAULT_REGION"] = region


@contextmanager
def errors_of_aws() -> Iterator[None]:
    """Raise botocore's errors as ours: each one line, with the code that says whether another try is worth it."""
    try:
        yield
    except ClientError as error:
        raise application_error(error) from error
    except BotoCoreError as error:
        raise application_error(error) from error


def application_error(error: ClientError | BotoCoreError) -> ApplicationError:
    """Return the kind of error that a scheduler understands, with AWS's own words."""
    if isinstance(error, NoRegionError):
        return ConfigurationError("no AWS region is set; set AWS_REGION")
    if isinstance(error, _SETTINGS):
        return ConfigurationError(f"{error}; set AWS_PROFILE or the credentials, or use a role")
    if isinstance(error, BotoCoreError):
        return UnavailableError(f"AWS cannot be reached: {error}")
    told = error.response.get("Error", {})
    code = str(told.get("Code", ""))
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return _kind(code, status)(f"AWS refused {error.operation_name}: {told.get('Message') or code}")


def _kind(code: str, status: int) -> type[ApplicationError]:
    if any(word in code for word in _DENIED):
        return ConfigurationError
    if status >= 500 or any(word in code for word in _AGAIN):
        return UnavailableError
    return MissingInputError if any(word in code for word in _MISSING) else ApplicationError
