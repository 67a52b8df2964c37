"""Publications: sets of files that readers see all at once or not at all, and can be taken back to an earlier one.

Under a prefix lie the data files, one manifest per run at `manifests/<run>.json`, and `latest.json`, the pointer.
Data goes first, then the manifest, then one compare-and-swap of the pointer; a crash before that leaves the old one.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from common.storage.errors import ConflictError, ObjectNotFoundError, StorageError
from common.storage.interface import Store
from common.version import code_version

Model = TypeVar("Model", bound=BaseModel)


class PublishedFile(BaseModel):
    """One data file: its key under the publication's prefix, its size in bytes and its SHA-256."""

    model_config = ConfigDict(frozen=True)

    key: str
    bytes: int
    sha256: str


class Manifest(BaseModel):
    """What one run published, by which code, and whatever its publisher says of it (counts, inputs, parameters)."""

    model_config = ConfigDict(frozen=True)

    run: str
    published_at: AwareDatetime
    code_version: str
    files: tuple[PublishedFile, ...]
    metadata: dict[str, Any]


class _Pointer(BaseModel):
    run: str
    manifest: str
    manifest_sha256: str
    moved_at: AwareDatetime


def new_run_id() -> str:
    """Return a name for a run that sorts by time and that no other run has."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"


def publish(
    store: Store, prefix: str, run: str, files: Mapping[str, bytes | Path], metadata: Mapping[str, Any]
) -> Manifest:
    """Write `files` (keys under `prefix`, all of them new) and make them the latest publication in one step.

    `run` names the publication, for example `dt=2026-11-22/run=20261122T020000Z-1a2b3c4d`. Raises `ConflictError` if
    the run or a file exists already, or if another publisher was faster; readers then still see what they saw before.
    """
    expected = _pointer_version(store, prefix)
    published = [_write(store, prefix, key, body) for key, body in sorted(files.items())]
    manifest = Manifest(
        run=run,
        published_at=datetime.now(UTC),
        code_version=code_version(),
        files=tuple(published),
        metadata=dict(metadata),
    )
    store.create(_manifest_key(prefix, run), _encode(manifest))
    _move_pointer(store, prefix, manifest, expected)
    return manifest


def latest_publication(store: Store, prefix: str) -> Manifest:
    """Return the manifest that `latest.json` points to. Raises `ObjectNotFoundError` if nothing was published."""
    pointer = _decode(_Pointer, store, f"{prefix}/latest.json")
    return _decode(Manifest, store, f"{prefix}/{pointer.manifest}", sha256=pointer.manifest_sha256)


def list_publications(store: Store, prefix: str) -> list[Manifest]:
    """Return every complete publication under `prefix`, the oldest first, whether or not the pointer ever was on it."""
    keys = list(store.list(f"{prefix}/manifests/"))
    return sorted((_decode(Manifest, store, key) for key in keys), key=lambda manifest: manifest.published_at)


def rollback(store: Store, prefix: str, to: str) -> Manifest:
    """Point `latest.json` at the newest publication whose run is `to` or lies under it, such as `dt=2026-11-20`.

    Raises `ObjectNotFoundError` if there is none or one of its files is gone, `ConflictError` if another was faster.
    """
    expected = _pointer_version(store, prefix)
    candidates = [m for m in list_publications(store, prefix) if m.run == to or m.run.startswith(f"{to}/")]
    if not candidates:
        raise ObjectNotFoundError(f"{store.uri}/{prefix}", f"no publication {to!r} to go back to")
    chosen = candidates[-1]
    for file in chosen.files:
        if not store.exists(f"{prefix}/{file.key}"):
            raise ObjectNotFoundError(f"{store.uri}/{prefix}/{file.key}", f"gone, so {chosen.run!r} cannot be restored")
    _move_pointer(store, prefix, chosen, expected)
    return chosen


def _write(store: Store, prefix: str, key: str, body: bytes | Path) -> PublishedFile:
    store.create(f"{prefix}/{key}", body)
    if isinstance(body, bytes):
        return PublishedFile(key=key, bytes=len(body), sha256=hashlib.sha256(body).hexdigest())
    with body.open("rb") as stream:
        return PublishedFile(
            key=key, bytes=body.stat().st_size, sha256=hashlib.file_digest(stream, "sha256").hexdigest()
        )


def _move_pointer(store: Store, prefix: str, manifest: Manifest, expected: str | None) -> None:
    pointer = _Pointer(
        run=manifest.run,
        manifest=f"manifests/{manifest.run}.json",
        manifest_sha256=hashlib.sha256(_encode(manifest)).hexdigest(),
        moved_at=datetime.now(UTC),
    )
    key, body = f"{prefix}/latest.json", _encode(pointer)
    try:
        store.swap(key, body, expected)
    except ConflictError:
        # A swap whose answer was lost is retried and then finds its own write: that is success.
        if store.get(key) != body:
            raise


def _pointer_version(store: Store, prefix: str) -> str | None:
    try:
        return store.get_version(f"{prefix}/latest.json")[1]
    except ObjectNotFoundError:
        return None


def _manifest_key(prefix: str, run: str) -> str:
    return f"{prefix}/manifests/{run}.json"


def _encode(model: BaseModel) -> bytes:
    return json.dumps(model.model_dump(mode="json"), indent=2, sort_keys=True, ensure_ascii=False).encode() + b"\n"


def _decode(kind: type[Model], store: Store, key: str, sha256: str | None = None) -> Model:
    body = store.get(key)
    if sha256 is not None and hashlib.sha256(body).hexdigest() != sha256:
        raise StorageError(f"{store.uri}/{key}", "its SHA-256 is not the one that latest.json names")
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        raise StorageError(f"{store.uri}/{key}", f"not a {kind.__name__.strip('_').lower()}: {error}") from None
