"""Publications: sets of files that readers see all at once or not at all, and can be taken back to an earlier one.

Under a prefix lie the data files, one manifest per run at `manifests/<run>.json`, and `latest.json`, the pointer.
First goes the intent, `unfinished/<run>.json`, then data, then the manifest, then one compare-and-swap of the pointer.
A crash before that leaves the old publication, and publishing the same run again finishes it.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from common.storage.errors import ConflictError, ObjectNotFoundError, StorageError
from common.storage.interface import Store
from common.storage.manifest import (
    Intent,
    Manifest,
    Pointer,
    PublishedFile,
    decode,
    encode,
    intent_key,
    manifest_key,
    manifest_of,
    read_manifests,
    read_pointer,
)
from common.version import code_version, version


def new_run_id() -> str:
    """Return a name for a run that sorts by time and that no other run has."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"


def publish(
    store: Store,
    prefix: str,
    run: str,
    files: Mapping[str, bytes | Path],
    metadata: Mapping[str, Any],
    *,
    supersedes: Callable[[Manifest], bool] = lambda _: True,
) -> Manifest:
    """Write `files` (keys under `prefix`) and make them the latest publication in one step, if they supersede that.

    `run` names the publication, for example `dt=2026-11-22/run=20261122T020000Z-1a2b3c4d`. Publishing the same files
    as the same run again finishes what was interrupted, or changes nothing. Raises `ConflictError` if the run or a file
    has other content already, or if the pointer was moved meanwhile; readers then still see what they saw before.
    """
    pointer, expected = read_pointer(store, prefix)
    if pointer and run in pointer.removed:
        raise ConflictError(f"{store.uri}/{prefix}", f"{run!r} has been removed; publish under another name")
    intent = Intent(run=run, begun_at=datetime.now(UTC), keys=tuple(sorted(files)))
    store.put(intent_key(prefix, run), encode(intent))
    published = tuple(_write(store, prefix, key, body) for key, body in sorted(files.items()))
    manifest = _record(store, prefix, run, published, metadata)
    if pointer is None or (pointer.run != run and supersedes(manifest_of(store, prefix, pointer))):
        swap_pointer(store, prefix, _pointing_at(store, prefix, run, pointer), expected)
    store.delete(intent_key(prefix, run))
    return manifest


def latest_publication(store: Store, prefix: str) -> Manifest:
    """Return the manifest that `latest.json` points to. Raises `ObjectNotFoundError` if nothing was published."""
    return manifest_of(store, prefix, decode(Pointer, store, f"{prefix}/latest.json"))


def list_publications(store: Store, prefix: str) -> list[Manifest]:
    """Return every publication under `prefix`, the oldest first, whether or not the pointer ever was on it."""
    pointer, _ = read_pointer(store, prefix)
    removed = pointer.removed if pointer else ()
    return [manifest for manifest in read_manifests(store, prefix) if manifest.run not in removed]


def rollback(store: Store, prefix: str, run: str) -> Manifest:
    """Point `latest.json` at an earlier run.

    Raises `ObjectNotFoundError` if there is none or one of its files is gone, `ConflictError` if another was faster.
    """
    pointer, expected = read_pointer(store, prefix)
    key = manifest_key(prefix, run)
    if not store.exists(key) or (pointer and run in pointer.removed):
        raise ObjectNotFoundError(f"{store.uri}/{prefix}", f"no publication {run!r} to go back to")
    chosen = decode(Manifest, store, key)
    verify(store, prefix, chosen)
    swap_pointer(store, prefix, _pointing_at(store, prefix, run, pointer), expected)
    return chosen


def was_removed(store: Store, prefix: str, run: str) -> bool:
    """Tell whether a run was published or begun once, and removed since."""
    pointer, _ = read_pointer(store, prefix)
    return pointer is not None and run in pointer.removed


def verify(store: Store, prefix: str, manifest: Manifest) -> None:
    """Raise `ObjectNotFoundError` if a publication's file is gone, `StorageError` if one has another size."""
    for file in manifest.files:
        uri = f"{store.uri}/{prefix}/{file.key}"
        if not store.exists(f"{prefix}/{file.key}"):
            raise ObjectNotFoundError(uri, f"gone, so {manifest.run!r} cannot be restored")
        if store.stat(f"{prefix}/{file.key}").bytes != file.bytes:
            raise StorageError(uri, f"damaged, so {manifest.run!r} cannot be restored")


def swap_pointer(store: Store, prefix: str, pointer: Pointer, expected: str | None) -> None:
    """Write the pointer if that is still what was read as `expected`. Raises `ConflictError` if another was faster."""
    key, body = f"{prefix}/latest.json", encode(pointer)
    try:
        store.swap(key, body, expected)
    except ConflictError:
        # A swap whose answer was lost is retried and then finds its own write: that is success.
        if store.get(key) != body:
            raise


def _pointing_at(store: Store, prefix: str, run: str, before: Pointer | None) -> Pointer:
    return Pointer(
        run=run,
        manifest=f"manifests/{run}.json",
        manifest_sha256=hashlib.sha256(store.get(manifest_key(prefix, run))).hexdigest(),
        moved_at=datetime.now(UTC),
        removed=before.removed if before else (),
        changes=before.changes + 1 if before else 0,
    )


def _record(
    store: Store, prefix: str, run: str, published: tuple[PublishedFile, ...], metadata: Mapping[str, Any]
) -> Manifest:
    """Write the run's manifest, unless an earlier try did. Raises `ConflictError` if that listed other files."""
    key = manifest_key(prefix, run)
    manifest = Manifest(
        run=run,
        published_at=datetime.now(UTC),
        release=version(),
        code_version=code_version(),
        files=published,
        metadata=dict(metadata),
    )
    try:
        store.create(key, encode(manifest))
    except ConflictError:
        earlier = decode(Manifest, store, key)
        if earlier.files != published:
            raise ConflictError(f"{store.uri}/{key}", "this run has published other files already") from None
        return earlier
    return manifest


def _write(store: Store, prefix: str, key: str, body: bytes | Path) -> PublishedFile:
    if isinstance(body, bytes):
        file = PublishedFile(key=key, bytes=len(body), sha256=hashlib.sha256(body).hexdigest())
    else:
        with body.open("rb") as stream:
            checksum = hashlib.file_digest(stream, "sha256").hexdigest()
        file = PublishedFile(key=key, bytes=body.stat().st_size, sha256=checksum)
    try:
        store.create(f"{prefix}/{key}", body)
    except ConflictError:  # an earlier try wrote it, or this one, and the answer was lost
        with store.open(f"{prefix}/{key}") as stream:
            if hashlib.file_digest(stream, "sha256").hexdigest() != file.sha256:  # type: ignore[arg-type]
                raise
    return file
