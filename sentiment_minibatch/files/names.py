"""What a file's name says: its store, and which kind of file it is."""

from __future__ import annotations

from pathlib import PurePosixPath

KINDS = (".csv", ".ndjson", ".parquet")
COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}
_COMPRESSED_KINDS = (".csv", ".ndjson")


def split_uri(uri: str) -> tuple[str, str]:
    """Return the store's URI and the key of a file's path or address."""
    folder, _, name = uri.rpartition("/")
    return (folder or ("/" if uri.startswith("/") else "."), name)


def kind_of(name: str) -> str:
    """Return which of `KINDS` a file's name says that it is, compressed or not; empty where none."""
    bare = PurePosixPath(name)
    if bare.suffix in COMPRESSIONS:
        bare = PurePosixPath(bare.stem)
        return bare.suffix if bare.suffix in _COMPRESSED_KINDS else ""
    return bare.suffix if bare.suffix in KINDS else ""
