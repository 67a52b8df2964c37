"""What each step of a night wrote: owned by its writer until a manifest lists it whole, and never changed after that.

    <work>/dt=<day>/night=<id>/<step>/<version>/<files>
    <work>/dt=<day>/night=<id>/<step>/<version>.state
    <work>/dt=<day>/night=<id>/<step>/manifest.json

Every writer has a version of its own. The manifest can only be created: the first complete writer wins, and a slower
one, be it a zombie or its retry, is told and takes its own files away. Nobody removes the files of another.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from common.errors import ApplicationError, DataError, MissingInputError, UnavailableError
from common.storage import ConflictError, ObjectNotFoundError, StorageError, Store
from common.storage.directory import DirectoryStore

COMPLETE, REMOVED = b"complete\n", b"removed\n"  # what a version's writer, or whoever removes it, claims
VERSION_TIME = "%Y%m%dT%H%M%SZ"  # when a version was begun: the first part of its name
FILE = re.compile(r"(?P<step>dt=[^/]+/night=[^/]+/[^/]+)/(?P<version>(?P<begun>\d{8}T\d{6}Z)-[0-9a-f]{8})/.+")


class PartitionFile(BaseModel):
    """A file's size in bytes and its SHA-256."""

    model_config = ConfigDict(frozen=True)

    bytes: int
    sha256: str


class PartitionManifest(BaseModel):
    """Which step of which night wrote which files, from which versions of the steps before it, and what it says."""

    model_config = ConfigDict(frozen=True)

    step: str
    night: str
    version: str
    inputs: Mapping[str, str]
    files: Mapping[str, PartitionFile]
    metadata: dict[str, Any]


class Partitions:
    """The partitions of one night, in a directory or a bucket; `scratch` holds what is on the way to a bucket."""

    def __init__(self, store: Store, day: date, night: str, scratch: Path) -> None:
        self._store, self._night, self._scratch = store, night, scratch
        self._day, self._root = day, f"dt={day}/night={night}"

    @contextmanager
    def writing(
        self, step: str, files: Collection[str], inputs: Collection[str], metadata: dict[str, Any]
    ) -> Iterator[Path]:
        """Give a folder to write to; when the block ends without an error its files become the step's partition.

        The block may add to `metadata`. Raises `ApplicationError` if one of `files` was not written, and
        `UnavailableError` if another writer was faster.
        """
        versions = {one: self.manifest(one).version for one in inputs}
        version = f"{datetime.now(UTC):{VERSION_TIME}}-{secrets.token_hex(4)}"
        folder = self._folder(f"{self._root}/{step}/{version}")
        folder.mkdir(parents=True)
        try:
            yield folder
            found = (path for path in sorted(folder.rglob("*")) if path.is_file())
            written = {path.relative_to(folder).as_posix(): _described(path) for path in found}
            if missing := sorted(set(files) - set(written)):
                raise ApplicationError(f"step {step} did not write {', '.join(missing)}")
            manifest = PartitionManifest(
                step=step, night=self._night, version=version, inputs=versions, files=written, metadata=metadata
            )
            self._upload(manifest, folder)
        except BaseException as error:
            lost = isinstance(error, FileNotFoundError) and not folder.exists()
            self._withdraw(f"{self._root}/{step}/{version}", folder)
            if lost:
                raise UnavailableError(f"what step {step} wrote has been removed meanwhile; try again") from None
            raise
        self._commit(manifest, folder)

    def is_complete(self, step: str) -> bool:
        """Tell whether the step has been taken."""
        return self._store.exists(self._manifest_key(step))

    def manifest(self, step: str) -> PartitionManifest:
        """Return what a step's partition says of itself. Raises `MissingInputError` if the step was not taken."""
        try:
            return PartitionManifest.model_validate_json(self._store.get(self._manifest_key(step)))
        except ObjectNotFoundError as error:
            raise MissingInputError(
                f"{error.uri}: step {step} has not run for {self._day}; run it first, with the same --work and --date"
            ) from None

    def open(self, step: str) -> Path:
        """Return a local folder with a step's files, all of them and of their sizes.

        Raises `MissingInputError` if the step was not taken, `DataError` if its partition is damaged.
        """
        manifest = self.manifest(step)
        prefix = f"{self._root}/{step}/{manifest.version}"
        folder = self._folder(prefix)
        for name, file in manifest.files.items():
            path = folder / name
            if not isinstance(self._store, DirectoryStore) and not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                with suppress(ObjectNotFoundError):  # told below
                    self._store.download(f"{prefix}/{name}", path)
            if not path.exists() or path.stat().st_size != file.bytes:
                raise self._damaged(f"{prefix}/{name}", step)
        return folder

    def verified(self, step: str) -> tuple[Path, PartitionManifest]:
        """Return a step's folder and manifest, having compared checksums and the versions it was made from."""
        folder, manifest = self.open(step), self.manifest(step)
        for name, file in manifest.files.items():
            if _described(folder / name) != file:
                raise self._damaged(f"{self._root}/{step}/{manifest.version}/{name}", step)
        for before, version in manifest.inputs.items():
            if self.manifest(before).version != version:
                raise DataError(f"step {step} of {self._day} was made from another version of {before}; run --anew")
        return folder, manifest

    def _upload(self, manifest: PartitionManifest, folder: Path) -> None:
        if not isinstance(self._store, DirectoryStore):
            for name in manifest.files:
                self._store.put(f"{self._root}/{manifest.step}/{manifest.version}/{name}", folder / name)

    def _commit(self, manifest: PartitionManifest, folder: Path) -> None:
        """Claim the version, which `prune` would otherwise, and create the manifest.

        Files of which it is not known whether a manifest names them stay.
        """
        step = f"{self._root}/{manifest.step}"
        if not claim(self._store, step, manifest.version, COMPLETE):
            self._withdraw(f"{step}/{manifest.version}", folder)
            raise UnavailableError(f"what step {manifest.step} wrote has been removed meanwhile; try again")
        try:
            self._store.create(self._manifest_key(manifest.step), manifest.model_dump_json(indent=2).encode() + b"\n")
        except ConflictError:
            if self.manifest(manifest.step).version != manifest.version:  # else the answer to our own was lost
                self._withdraw(f"{step}/{manifest.version}", folder)
                self._store.delete(f"{step}/{manifest.version}.state")
                raise UnavailableError(
                    f"another run has taken step {manifest.step} of {self._day} meanwhile: that stands; try again"
                ) from None

    def _withdraw(self, prefix: str, folder: Path) -> None:
        """Take our own files away, which no manifest names."""
        with suppress(StorageError):
            if not isinstance(self._store, DirectoryStore):
                for key in list(self._store.list(f"{prefix}/")):
                    self._store.delete(key)
        shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):  # others have written there
            folder.parent.rmdir()

    def _damaged(self, key: str, step: str) -> DataError:
        return DataError(f"{self._store.uri}/{key} is gone or damaged: run {step} again as a new night (run --anew)")

    def _folder(self, prefix: str) -> Path:
        root = self._store.root if isinstance(self._store, DirectoryStore) else self._scratch
        return root / prefix

    def _manifest_key(self, step: str) -> str:
        return f"{self._root}/{step}/manifest.json"


def claim(store: Store, step: str, version: str, state: bytes) -> bool:
    """Say, once and for all, that a version of a step is complete, or removed; tell whether it is that now."""
    key = f"{step}/{version}.state"
    try:
        store.create(key, state)
    except ConflictError:
        return store.get(key) == state
    return True


def named_version(store: Store, step: str) -> str | None:
    """Return which version the manifest of a step, `dt=<day>/night=<id>/<step>`, names; None if there is none."""
    try:
        return PartitionManifest.model_validate_json(store.get(f"{step}/manifest.json")).version
    except ObjectNotFoundError:
        return None


def _described(path: Path) -> PartitionFile:
    with path.open("rb") as stream:
        return PartitionFile(bytes=path.stat().st_size, sha256=hashlib.file_digest(stream, "sha256").hexdigest())
