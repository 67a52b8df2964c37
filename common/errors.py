"""Errors a person should read as one line, each with the exit code that tells a scheduler what to do next.

The codes are those of sysexits.h: a Kubernetes Job retries `UnavailableError` and gives up at once on the others.
"""

from __future__ import annotations


class ApplicationError(Exception):
    """An expected failure: its message says what was wrong and what to do. Exit code 70 (EX_SOFTWARE)."""

    exit_code = 70


class DataError(ApplicationError):
    """The input was read and is not fit for use; trying again will not help. Exit code 65 (EX_DATAERR)."""

    exit_code = 65


class MissingInputError(ApplicationError):
    """An input file, directory or object is not there. Exit code 66 (EX_NOINPUT)."""

    exit_code = 66


class UnavailableError(ApplicationError):
    """A database, bucket or stream cannot be reached now; trying again may help. Exit code 75 (EX_TEMPFAIL)."""

    exit_code = 75


class ConfigurationError(ApplicationError):
    """A setting is missing or wrong; the message names the environment variable. Exit code 78 (EX_CONFIG)."""

    exit_code = 78
