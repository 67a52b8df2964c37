"""AWS's errors in the words of ours. It needs botocore, which `common.aws` spares whoever does not use it."""

from __future__ import annotations

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
