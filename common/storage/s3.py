"""A store in an S3 bucket, by boto3: managed multipart transfer, conditional writes, retries with back-off."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

import boto3
from boto3.exceptions import RetriesExceededError, S3UploadFailedError
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
)

from common.storage.errors import (
    AccessDeniedError,
    ConflictError,
    ObjectNotFoundError,
    StorageError,
    StorageUnavailableError,
)
from common.storage.interface import Body, Stat, check_key
from common.storage.multipart import PART_BYTES, create_in_parts

_CLIENT = Config(
    retries={"mode": "standard", "total_max_attempts": 6},
    connect_timeout=5,
    read_timeout=60,
    max_pool_connections=32,  # more than ask at once: those beyond it are opened anew for each request, with a warning
)
_TRANSFER = TransferConfig(multipart_threshold=PART_BYTES, multipart_chunksize=PART_BYTES, max_concurrency=8)
_ABANDONED = timedelta(days=1)  # an upload in parts that takes longer was killed
_MISSING = {"404", "NoSuchKey", "NotFound"}
_CONFLICT = {"412", "PreconditionFailed", "409", "ConditionalRequestConflict"}
_DENIED = {"403", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "Forbidden"}
_THROTTLED = {"SlowDown", "Throttling", "ThrottlingException", "RequestLimitExceeded", "RequestTimeout"}


class S3Store:
    """Objects under `s3://bucket/prefix`. Region, credentials and endpoint come from the usual AWS variables."""

    def __init__(self, bucket: str, prefix: str = "") -> None:
        self.bucket = bucket
        self.prefix = f"{prefix}/" if prefix else ""
        self.uri = f"s3://{bucket}/{prefix}".rstrip("/")

    def get(self, key: str) -> bytes:
        return self.get_version(key)[0]

    def get_version(self, key: str) -> tuple[bytes, str]:
        with self._errors(key):
            response = self._client.get_object(**self._object(key))
            return response["Body"].read(), response["ETag"]

    @contextmanager
    def open(self, key: str) -> Iterator[BinaryIO]:
        with self._errors(key):
            response = self._client.get_object(**self._object(key))
        with response["Body"] as body:
            yield io.BufferedReader(_ErrorsNamed(body, self, key), 1 << 20)

    def read_range(self, key: str, start: int, length: int) -> bytes:
        if length <= 0:
            return b""
        with self._errors(key):
            try:
                found = self._client.get_object(**self._object(key), Range=f"bytes={start}-{start + length - 1}")
            except ClientError as error:
                if error.response.get("Error", {}).get("Code") == "InvalidRange":  # it begins at or after the end
                    return b""
                raise
            body: bytes = found["Body"].read()
            return body

    def download(self, key: str, path: Path) -> None:
        # s3transfer itself writes aside and renames when the object is complete
        with self._errors(key):
            self._client.download_file(*self._object(key).values(), str(path), Config=_TRANSFER)

    def put(self, key: str, body: Body) -> None:
        target = self._object(key)
        with _opened(body) as stream, self._errors(key):
            self._client.upload_fileobj(stream, *target.values(), Config=_TRANSFER)

    def create(self, key: str, body: Body) -> None:
        target = self._object(key)
        with _opened(body) as stream, self._errors(key):
            first = stream.read(PART_BYTES)
            if len(first) < PART_BYTES:
                self._client.put_object(**target, Body=first, IfNoneMatch="*")
            else:
                create_in_parts(self._client, target, stream, first)

    def swap(self, key: str, body: bytes, expected: str | None) -> None:
        condition = {"IfNoneMatch": "*"} if expected is None else {"IfMatch": expected}
        with self._errors(key, missing=ConflictError):
            self._client.put_object(**self._object(key), Body=body, **condition)

    def list(self, prefix: str = "") -> Iterator[str]:
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=self.prefix + prefix)
        with self._errors(prefix):
            for page in pages:
                for found in page.get("Contents", []):
                    yield found["Key"].removeprefix(self.prefix)

    def exists(self, key: str) -> bool:
        try:
            with self._errors(key):
                self._client.head_object(**self._object(key))
        except ObjectNotFoundError:
            return False
        return True

    def stat(self, key: str) -> Stat:
        with self._errors(key):
            found = self._client.head_object(**self._object(key))
        return Stat(found["ContentLength"], found["LastModified"], found["ETag"])

    def delete(self, key: str) -> None:
        with self._errors(key):
            self._client.delete_object(**self._object(key))

    def tidy(self, prefix: str = "") -> None:
        with self._errors(""):
            pages = self._client.get_paginator("list_multipart_uploads")
            for page in pages.paginate(Bucket=self.bucket, Prefix=self.prefix + prefix):
                for upload in page.get("Uploads", []):
                    if datetime.now(UTC) - upload["Initiated"] > _ABANDONED:
                        self._client.abort_multipart_upload(
                            Bucket=self.bucket, Key=upload["Key"], UploadId=upload["UploadId"]
                        )

    @cached_property
    def _client(self) -> Any:
        # A session of our own: boto3's default session is not safe to share between threads.
        with self._errors(""):
            return boto3.session.Session().client("s3", config=_CLIENT)

    def _object(self, key: str) -> dict[str, str]:
        check_key(self.uri, key)
        return {"Bucket": self.bucket, "Key": self.prefix + key}

    @contextmanager
    def _errors(self, key: str, missing: type[StorageError] = ObjectNotFoundError) -> Iterator[None]:
        """Turn botocore's errors into ours."""
        uri = f"{self.uri}/{key}" if key else self.uri
        try:
            yield
        except ClientError as error:
            raise _from_response(uri, error, missing) from error
        except S3UploadFailedError as error:  # boto3 hides the response inside
            cause = error.__cause__ or error.__context__
            if isinstance(cause, ClientError):
                raise _from_response(uri, cause, missing) from error
            raise StorageUnavailableError(uri, str(error)) from error
        except (NoCredentialsError, PartialCredentialsError, ProfileNotFound) as error:
            raise AccessDeniedError(uri, f"{error}; set AWS_ACCESS_KEY_ID or AWS_PROFILE, or use a role") from error
        except (BotoCoreError, RetriesExceededError) as error:
            raise StorageUnavailableError(uri, str(error)) from error


def _opened(body: Body) -> AbstractContextManager[BinaryIO]:
    if isinstance(body, bytes):
        return io.BytesIO(body)
    return body.open("rb") if isinstance(body, Path) else nullcontext(body)


class _ErrorsNamed(io.RawIOBase):
    """A raw stream over S3's body whose failures in mid-read are ours too."""

    def __init__(self, body: Any, store: S3Store, key: str) -> None:
        self._body, self._store, self._key = body, store, key

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        with self._store._errors(self._key):
            chunk = self._body.read(len(buffer))
        buffer[: len(chunk)] = chunk
        return len(chunk)


def _from_response(uri: str, error: ClientError, missing: type[StorageError]) -> StorageError:
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    # An answer without a code, as from a proxy, is judged by its status.
    code = str(error.response.get("Error", {}).get("Code") or status)
    message = error.response.get("Error", {}).get("Message") or code
    if code == "NoSuchBucket":
        return ObjectNotFoundError(uri, "no such bucket")
    if code in _MISSING:
        return missing(uri, "no such object")
    if code in _CONFLICT:
        return ConflictError(uri, "another writer was faster")
    if code in _DENIED:
        return AccessDeniedError(uri, message)
    if code in _THROTTLED or status >= 500:
        return StorageUnavailableError(uri, f"{message} (after every retry)")
    return StorageError(uri, message)
