"""Dated partitions: what a step wrote, visible only with the manifest that is written last, and safe to write again."""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from common.errors import MissingInputError
from common.storage import ObjectNotFoundError, Store, open_store
from common.storage.directory import DirectoryStore
from common.version import code_version


class Partitions:
    """Partitions of one day at `<work>/dt=<day>/<step>/`, in a directory or a bucket.

    A new version of a partition lies beside the old one until its manifest names it; then the old one is removed.
    """

    def __init__(self, uri: str, day: date, scratch: Path) -> None:
        self._store, self._day, self._scratch = open_store(uri), day, scratch

    @contextmanager
    def writing(self, step: str, metadata: dict[str, Any]) -> Iterator[Path]:
        """Give a folder to write to; when the block ends without an error its files become the step's partition.

        The block may add to `metadata`, which goes into the manifest.
        """
        version = f"{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}-{secrets.token_hex(4)}"
        prefix = f"{self._prefix(step)}/{version}"
        folder = self._folder(prefix)
        folder.mkdir(parents=True)
        try:
            yield folder
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        files = sorted(path for path in folder.iterdir() if path.is_file())
        if not isinstance(self._store, DirectoryStore):
            for path in files:
                self._store.put(f"{prefix}/{path.name}", path)
        manifest = {
            "step": step,
            "date": str(self._day),
            "version": version,
            "written_at": datetime.now(UTC).isoformat(),
            "code_version": code_version(),
            "files": {path.name: path.stat().st_size for path in files},
            **metadata,
        }
        self._store.put(self._manifest_key(step), json.dumps(manifest, indent=2, default=str).encode() + b"\n")
        _remove_earlier(self._store, self._prefix(step), version)

    def open(self, step: str) -> Path:
        """Return the local folder of a step's partition. Raises `MissingInputError` if the step has not run."""
        manifest = self.manifest(step)
        prefix = f"{self._prefix(step)}/{manifest['version']}"
        folder = self._folder(prefix)
        if not isinstance(self._store, DirectoryStore):
            folder.mkdir(parents=True, exist_ok=True)
            for name in manifest["files"]:
                if not (folder / name).exists():
                    self._store.download(f"{prefix}/{name}", folder / name)
        return folder

    def manifest(self, step: str) -> dict[str, Any]:
        """Return what a step's partition says of itself. Raises `MissingInputError` if the step has not run."""
        try:
            found: dict[str, Any] = json.loads(self._store.get(self._manifest_key(step)))
        except ObjectNotFoundError as error:
            raise MissingInputError(
                f"{error.uri}: step {step} has not run for {self._day}; run it first, with the same --work and --date"
            ) from None
        return found

    def _folder(self, prefix: str) -> Path:
        root = self._store.root if isinstance(self._store, DirectoryStore) else self._scratch
        return root / prefix

    def _prefix(self, step: str) -> str:
        return f"dt={self._day}/{step}"

    def _manifest_key(self, step: str) -> str:
        return f"{self._prefix(step)}/manifest.json"


def _remove_earlier(store: Store, prefix: str, version: str) -> None:
    for key in store.list(f"{prefix}/"):
        written = key.removeprefix(f"{prefix}/").split("/")[0]  # versions sort by time; a later one is another run's
        if written != "manifest.json" and written < version:
            store.delete(key)
