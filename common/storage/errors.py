"""What can go wrong with a stored object; every error carries the object's URI."""

from __future__ import annotations

from common.errors import ApplicationError, ConfigurationError, MissingInputError, UnavailableError


class StorageError(ApplicationError):
    """Something is wrong with the object or store at `uri`."""

    def __init__(self, uri: str, reason: str) -> None:
        super().__init__(f"{uri}: {reason}")
        self.uri = uri
        self.reason = reason


class ObjectNotFoundError(StorageError, MissingInputError):
    """There is no such object, or no such bucket."""


class ConflictError(StorageError, UnavailableError):
    """Someone else wrote the object first: it exists already, or is not the version we expected."""


class AccessDeniedError(StorageError, ConfigurationError):
    """We are not allowed to do this, or have no credentials."""


class InvalidKeyError(StorageError, ConfigurationError):
    """The key is empty, absolute, climbs out of the store, or has characters that not every store can hold."""


class StorageUnavailableError(StorageError, UnavailableError):
    """The store does not answer, throttles us or fails, after every retry."""
