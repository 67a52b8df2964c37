"""What publications say of themselves: manifests, the pointer to the latest, and intents of those not finished."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from typing import Any, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from common.storage.errors import ObjectNotFoundError, StorageError
from common.storage.interface import Store

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
    release: str = "unknown"  # of what was published before releases were written down
    code_version: str
    files: tuple[PublishedFile, ...]
    metadata: dict[str, Any]


class Pointer(BaseModel):
    """What `latest.json` says: the latest run, its manifest, and the runs that are removed.

    A run that was removed is never published again: whoever removes it may be slow, and would take the new files.
    `changes` counts up, so that no two contents are alike and a compare-and-swap notices every change.
    """

    run: str
    manifest: str
    manifest_sha256: str
    moved_at: AwareDatetime
    removed: tuple[str, ...] = ()
    changes: int = 0


class Intent(BaseModel):
    """What a run that has begun to publish is going to write."""

    run: str
    begun_at: AwareDatetime
    keys: tuple[str, ...]


def read_pointer(store: Store, prefix: str) -> tuple[Pointer | None, str | None]:
    """Return the pointer and its version, both None where nothing was published."""
    try:
        body, version = store.get_version(f"{prefix}/latest.json")
    except ObjectNotFoundError:
        return None, None
    return parse(Pointer, body, f"{store.uri}/{prefix}/latest.json"), version


def manifest_key(prefix: str, run: str) -> str:
    """Return where a run's manifest lies."""
    return f"{prefix}/manifests/{run}.json"


def read_manifests(store: Store, prefix: str) -> list[Manifest]:
    """Return every manifest, the oldest first."""
    return sorted(_read_all(Manifest, store, f"{prefix}/manifests/"), key=lambda manifest: manifest.published_at)


def intent_key(prefix: str, run: str) -> str:
    """Return where a run says what it is going to write."""
    return f"{prefix}/unfinished/{run}.json"


def read_intents(store: Store, prefix: str) -> list[Intent]:
    """Return what runs have begun to publish and not finished."""
    return _read_all(Intent, store, f"{prefix}/unfinished/")


def manifest_of(store: Store, prefix: str, pointer: Pointer) -> Manifest:
    """Return the manifest that a pointer names, having compared its checksum."""
    return decode(Manifest, store, f"{prefix}/{pointer.manifest}", sha256=pointer.manifest_sha256)


def encode(model: BaseModel) -> bytes:
    """Return a model as the JSON that is stored."""
    return json.dumps(model.model_dump(mode="json"), indent=2, sort_keys=True, ensure_ascii=False).encode() + b"\n"


def decode(kind: type[Model], store: Store, key: str, sha256: str | None = None) -> Model:
    """Read a model. Raises `StorageError` if it is none, or has another checksum."""
    body = store.get(key)
    if sha256 is not None and hashlib.sha256(body).hexdigest() != sha256:
        raise StorageError(f"{store.uri}/{key}", "its SHA-256 is not the one that latest.json names")
    return parse(kind, body, f"{store.uri}/{key}")


def _read_all(kind: type[Model], store: Store, folder: str) -> list[Model]:
    """Return every model in a folder but those that are removed at this moment."""
    found = []
    for key in list(store.list(folder)):
        with suppress(ObjectNotFoundError):
            found.append(decode(kind, store, key))
    return found


def parse(kind: type[Model], body: bytes, uri: str) -> Model:
    """Return the model in a file. Raises `StorageError` if it is none."""
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        raise StorageError(uri, f"not a {kind.__name__.lower()}: {error}") from None
