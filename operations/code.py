"""Zip files in the code bucket: a version of an object for each content, which the templates name."""

from __future__ import annotations

import hashlib
from collections.abc import Set
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from common.errors import MissingInputError
from operations.environment import Environment

BUILD = Path("build")
# By the beginning of the parameters' names (PreprocessCodeKey, PreprocessCodeVersion): the file, and who makes it.
ZIPS = {
    "Preprocess": ("sentiment-preprocess.zip", "make lambda-zip"),
    "Flink": ("sentiment-flink.zip", "make flink-zip"),
}


def code_parameters(environment: Environment, wanted: Set[str]) -> dict[str, str]:
    """Upload the zip files that these parameters of a template are about, and return the parameters' values.

    A file that the bucket has already keeps its version, so that nothing is deployed again for nothing. Raises
    `MissingInputError` for a file that was not built.
    """
    parameters: dict[str, str] = {}
    for code, (name, target) in ZIPS.items():
        if f"{code}CodeKey" in wanted:
            file = BUILD / name
            if not file.exists():
                raise MissingInputError(f"{file} does not exist: run `{target}` first")
            version = upload(environment.client("s3"), environment.values["CodeBucketName"], file)
            parameters |= {f"{code}CodeKey": name, f"{code}CodeVersion": version}
    return parameters


def upload(s3: Any, bucket: str, file: Path) -> str:
    """Put a file into the bucket unless its last version is the same, and return that version's id."""
    if version := held_version(s3, bucket, file):
        return version
    with file.open("rb") as stream:
        s3.put_object(Bucket=bucket, Key=file.name, Body=stream, Metadata={"sha256": _sha256(file)})
    return str(s3.head_object(Bucket=bucket, Key=file.name)["VersionId"])


def held_version(s3: Any, bucket: str, file: Path) -> str | None:
    """Return the id of the bucket's last version of a file if it has the same content, else None."""
    try:
        held = s3.head_object(Bucket=bucket, Key=file.name)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
            return None
        raise
    return str(held["VersionId"]) if held["Metadata"].get("sha256") == _sha256(file) else None


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
