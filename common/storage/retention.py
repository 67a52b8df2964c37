"""Removing old publications, and what killed publishers left, without ever taking files from under a reader.

Everything that removes, moves back or publishes goes through one compare-and-swap of `latest.json`: the runs to be
removed are named there first, so whoever meant to point at one of them, and read the pointer before, is too late.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from common.logs import get_logger
from common.storage.errors import ConflictError
from common.storage.interface import Store
from common.storage.manifest import (
    Intent,
    Manifest,
    Pointer,
    intent_key,
    manifest_key,
    read_intents,
    read_manifests,
    read_pointer,
)
from common.storage.publication import swap_pointer

_ABANDONED = timedelta(days=1)  # a publisher that takes longer was killed
_REMEMBERED = 1_000  # runs removed, in the pointer

log = get_logger(__name__)


def prune(store: Store, prefix: str, keep: int) -> list[str]:
    """Remove all but the `keep` newest publications (and the latest), and runs that were begun and given up.

    Returns the runs removed. Does nothing where nothing is published, or where another process moves the pointer.
    """
    store.tidy(f"{prefix}/")
    pointer, expected = read_pointer(store, prefix)
    if pointer is None:
        return []
    manifests = {manifest.run: manifest for manifest in read_manifests(store, prefix)}
    intents = {intent.run: intent for intent in read_intents(store, prefix) if _is_old(intent)}
    victims = _victims(pointer, manifests, intents, keep)
    if victims:
        removed = tuple(dict.fromkeys([*pointer.removed, *victims]))[-_REMEMBERED:]
        said = pointer.model_copy(update={"removed": removed, "changes": pointer.changes + 1})
        try:
            swap_pointer(store, prefix, said, expected)
        except ConflictError:
            log.info("another process moves the pointer: nothing is removed this time", prefix=prefix)
            return []
    for run in victims:
        _remove(store, prefix, run, manifests.get(run), intents.get(run))
    for run in intents.keys() & manifests.keys() - set(victims):  # published, and killed before it could say so
        store.delete(intent_key(prefix, run))
    return victims


def _is_old(intent: Intent) -> bool:
    return datetime.now(UTC) - intent.begun_at > _ABANDONED


def _victims(pointer: Pointer, manifests: dict[str, Manifest], intents: dict[str, Intent], keep: int) -> list[str]:
    """Return old publications, what an interrupted removal left, and runs begun long ago that have no manifest."""
    there = [run for run in manifests if run not in pointer.removed]
    left = [run for run in pointer.removed if run in manifests or run in intents]
    given_up = [run for run in intents if run not in manifests]
    return [run for run in dict.fromkeys([*left, *there[: max(len(there) - keep, 0)], *given_up]) if run != pointer.run]


def _remove(store: Store, prefix: str, run: str, manifest: Manifest | None, intent: Intent | None) -> None:
    """Remove the files first: while the manifest or the intent is there, an interrupted removal can be finished."""
    keys = {file.key for file in manifest.files} if manifest else set()
    for key in sorted(keys | set(intent.keys if intent else ())):
        store.delete(f"{prefix}/{key}")
    store.delete(manifest_key(prefix, run))
    store.delete(intent_key(prefix, run))
