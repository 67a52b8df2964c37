"""The publication that is answered from: found, brought here, mapped, and replaced whole when another is latest."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from common.errors import ApplicationError, DataError
from common.logs import get_logger
from common.storage import Manifest, PublishedFile, Store, latest_publication, list_publications
from common.storage.directory import DirectoryStore
from recs_batch.arms import names_of
from recs_batch.graph.one_user import OneUser
from recs_batch.lookup import LOOKUP, Lookup
from recs_batch.parameters import KINDS, Kind, Parameters
from recs_batch.published import Published, publication_of
from recs_batch.publishing import PREFIX

_FIRST_LOOK_SECONDS = 5.0
_KEPT = 4  # publications, besides the latest, whose footers are remembered
_MODEL = "model="  # folders of the publication that newcomers are scored from

log = get_logger(__name__)


class Publication:
    """One publication, mapped from local files; nothing of it ever changes."""

    def __init__(self, manifest: Manifest, root: Path) -> None:
        self.run = manifest.run
        self.night, self.date = str(manifest.metadata["night"]), str(manifest.metadata["date"])
        self.published_at, self.arms = manifest.published_at, names_of(manifest.metadata.get("arms", {}))
        self.parameters = Parameters.model_validate(manifest.metadata["parameters"])
        self.lookups: dict[Kind, Lookup] = {kind: Lookup(root / f"kind={kind}" / self.run) for kind in KINDS}
        self.models = self._models(root) if any(file.key.startswith(_MODEL) for file in manifest.files) else {}

    def knows(self, user: int) -> bool:
        """Tell whether the night knew a user, recommended anything or not."""
        known = [model.ids["users"] for model in self.models.values()] or [one.users for one in self.lookups.values()]
        return any(_place(ids, user) is not None for ids in known)

    def age_hours(self) -> float:
        """Return how long ago it was published."""
        return (datetime.now(UTC) - self.published_at).total_seconds() / 3600

    def _models(self, root: Path) -> dict[Kind, OneUser]:
        engagement = root / "model=engagement" / self.run
        return {
            kind: OneUser(engagement, root / f"model=filter-{kind}" / self.run, kind, self.parameters) for kind in KINDS
        }


class Publications:
    """Keeps the latest publication of a store at hand; `current` is replaced in one step, or stays when that fails.

    A store in a bucket is copied to `cache`, once for all the processes that share it.
    """

    def __init__(self, store: Store, cache: Path, told: Callable[[Publication | None, bool], None]) -> None:
        self.current: Publication | None = None
        self._store, self._cache, self._told = store, cache, told
        self._others: dict[str, Published] = {}
        self._reading = threading.Lock()  # their files have one position each

    def watch(self, seconds: float) -> None:
        """Look for another latest publication now and every so many seconds, from a thread.

        Waits a little for the first look, but not until a large publication is copied: a worker must say that it lives.
        """
        looked = threading.Event()
        threading.Thread(target=self._watch, args=(seconds, looked), name="publications", daemon=True).start()
        looked.wait(_FIRST_LOOK_SECONDS)

    def refresh(self) -> None:
        """Switch to the latest publication if it is another; go on with the present one if that fails."""
        try:
            manifest = latest_publication(self._store, PREFIX)
            if self.current is None or self.current.run != manifest.run:
                self.current = self._opened(manifest)
                log.info("answering from another publication", run=manifest.run)
        except (ApplicationError, OSError, ValueError, KeyError) as error:
            log.warning("the latest publication cannot be read", error=str(error), store=self._store.uri)
            self._told(self.current, False)
        else:
            self._told(self.current, True)

    def listing(self) -> list[dict[str, Any]]:
        """Return what publications there are, the newest first."""
        current = self.current.run if self.current else None
        return [
            {
                "run": one.run,
                "date": one.metadata["date"],
                "night": one.metadata["night"],
                "published_at": one.published_at.isoformat(timespec="seconds"),
                "latest": one.run == current,
            }
            for one in reversed(list_publications(self._store, PREFIX))
        ]

    @contextmanager
    def published(self, run: str) -> Iterator[Published]:
        """Give any publication, by its name, to one thread at a time. Raises `ObjectNotFoundError` if there is none."""
        with self._reading:
            if run not in self._others:
                self._others = dict(list(self._others.items())[1 - _KEPT :])
                self._others[run] = Published(self._store, publication_of(self._store, run))
            yield self._others[run]

    def _watch(self, seconds: float, looked: threading.Event) -> None:
        while True:
            self.refresh()
            looked.set()
            time.sleep(seconds)

    def _opened(self, manifest: Manifest) -> Publication:
        files = [file for file in manifest.files if _is_served(file)]
        if {Path(file.key).name for file in files}.isdisjoint(LOOKUP):
            raise DataError(f"{manifest.run} was published without files to look users up in; publish that night again")
        if isinstance(self._store, DirectoryStore):
            return Publication(manifest, self._store.root / PREFIX)
        with self._alone():
            root = self._brought(manifest, files)
            publication = Publication(manifest, root)
            for other in self._cache.iterdir():  # what others still map stays on the disk until they let go
                if other.is_dir() and other != root:
                    shutil.rmtree(other, ignore_errors=True)
        return publication

    def _brought(self, manifest: Manifest, files: list[PublishedFile]) -> Path:
        root = self._cache / manifest.run.replace("/", ",")
        for file in files:
            path = root / file.key
            if path.exists():  # a download appears when it is complete
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            arriving = path.with_name(f"{path.name}.arriving")
            self._store.download(f"{PREFIX}/{file.key}", arriving)
            with arriving.open("rb") as stream:
                if hashlib.file_digest(stream, "sha256").hexdigest() != file.sha256:
                    raise DataError(f"{self._store.uri}/{PREFIX}/{file.key} is damaged: its SHA-256 is another")
            arriving.replace(path)
        return root

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self._cache.mkdir(parents=True, exist_ok=True)
        handle = os.open(self._cache / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


def _is_served(file: PublishedFile) -> bool:
    name = Path(file.key).name
    of_night = file.key.startswith(_MODEL) and file.key.split("/")[1].startswith("dt=")  # others are of one arm
    return name in LOOKUP or (of_night and name.endswith(".npy") and not name.endswith(".scaled.npy"))


def _place(ids: np.ndarray[tuple[int], np.dtype[np.int64]], wanted: int) -> int | None:
    place = int(np.searchsorted(ids, wanted))
    return place if place < len(ids) and ids[place] == wanted else None
