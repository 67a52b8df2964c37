"""Published artifacts: `<uri>/image_classifier/latest.json` names the one to serve, and it can be taken back."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

from common.storage import (
    Manifest,
    ObjectNotFoundError,
    latest_publication,
    list_publications,
    new_run_id,
    open_store,
    publish,
)
from common.storage import rollback as move_back
from image_classifier.artifact import DESCRIPTION_FILE, MODEL_FILE, Artifact, load_artifact

PREFIX = "image_classifier"
ARCHIVE = "model.tar.gz"  # what SageMaker unpacks


def publish_artifact(uri: str, artifact: Artifact, compared: dict[str, Any]) -> Manifest:
    """Publish an artifact, also as SageMaker wants it; readers see all of it or what they saw before."""
    run = new_run_id()
    files = {MODEL_FILE: artifact.model, DESCRIPTION_FILE: json.dumps(artifact.description, indent=2).encode() + b"\n"}
    files[ARCHIVE] = _archive(files)
    keyed = {f"{run}/{name}": content for name, content in files.items()}
    return publish(open_store(uri), PREFIX, run, keyed, {"version": artifact.version, "compared": compared})


def latest(uri: str) -> Manifest | None:
    """Return what is to be served, or None where nothing was published."""
    try:
        return latest_publication(open_store(uri), PREFIX)
    except ObjectNotFoundError:
        return None


def published(uri: str) -> list[Manifest]:
    """Return all publications, the oldest first."""
    return list_publications(open_store(uri), PREFIX)


def rollback(uri: str, run: str) -> Manifest:
    """Make an earlier publication the latest again."""
    return move_back(open_store(uri), PREFIX, run)


def download(uri: str, manifest: Manifest, folder: Path) -> Path:
    """Copy a publication's artifact to a folder named after its run, checked, and return that; kept if it is there."""
    place = folder / manifest.run
    store = open_store(uri)
    for name in (MODEL_FILE, DESCRIPTION_FILE):
        if not (place / name).exists():
            place.mkdir(parents=True, exist_ok=True)
            store.download(f"{PREFIX}/{manifest.run}/{name}", place / name)
    load_artifact(place)
    return place


def _archive(files: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return file.getvalue()
