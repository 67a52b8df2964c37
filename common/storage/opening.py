"""From a URI to a store."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from common.errors import ConfigurationError
from common.storage.directory import DirectoryStore
from common.storage.interface import Store


def open_store(uri: str) -> Store:
    """Return the store at `s3://bucket/prefix`, `file:///directory` or a plain directory, which need not exist yet.

    Nothing is contacted before the first operation. Raises `ConfigurationError` for any other scheme.
    """
    parts = urlsplit(uri)
    if parts.scheme == "s3":
        if not parts.netloc:
            raise ConfigurationError(f"{uri!r} names no bucket; expected s3://bucket/prefix")
        from common.storage.s3 import S3Store  # noqa: PLC0415 (boto3 takes long to load, and a directory needs none)

        return S3Store(bucket=parts.netloc, prefix=parts.path.strip("/"))
    if parts.scheme == "file":
        return DirectoryStore(Path(unquote(parts.path)))
    if "://" in uri or not uri:
        raise ConfigurationError(f"{uri!r} is no store; expected s3://bucket/prefix or a directory")
    return DirectoryStore(Path(uri))
