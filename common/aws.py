"""AWS by boto3, which takes long to load and is loaded by whoever asks it first: its region, and its errors as ours."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager


def share_region(environment: MutableMapping[str, str] = os.environ) -> None:
    """Let AWS_REGION hold for boto3 too: it reads AWS_DEFAULT_REGION alone, unlike AWS's other tools."""
    if region := environment.get("AWS_REGION"):
        environment["AWS_DEFAULT_REGION"] = region


@contextmanager
def errors_of_aws() -> Iterator[None]:
    """Raise botocore's errors as ours: each one line, with the code that says whether another try is worth it."""
    try:
        yield
    except Exception as error:
        if "botocore.exceptions" not in sys.modules:  # whoever raises one of them has loaded them
            raise
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

        from common.aws_errors import application_error  # noqa: PLC0415

        if isinstance(error, BotoCoreError | ClientError):
            raise application_error(error) from error
        raise
