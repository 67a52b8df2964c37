"""What is in an image, as a CycloneDX document: its locked Python packages with hashes, and its Debian packages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from operations.commands import run
from operations.images import Image

_DEBIAN_QUERY = "${db:Status-Status}\t${binary:Package}\t${Version}\t${Architecture}\n"


def write(image: Image, *, tool: str, tag: str, directory: Path) -> Path:
    """Write `<directory>/<image>.cdx.json` for an image that was built here and return its path."""
    options = ["--spec-version", "1.6", "--output-reproducible"]
    document = json.loads(run(["cyclonedx-py", "requirements", *options, str(image.requirements)]))
    document["metadata"]["component"] = _component("container", image.name, tag, f"pkg:oci/{image.name}?tag={tag}")
    document["components"] += debian_packages(image.local(tag), tool)
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{image.name}.cdx.json"
    path.write_text(json.dumps(document, indent=2) + "\n")
    return path


def debian_packages(reference: str, tool: str) -> list[dict[str, Any]]:
    """Ask the image itself which Debian packages it has."""
    query = ["--entrypoint", "dpkg-query", reference, "--show", "--showformat", _DEBIAN_QUERY]
    listed = run([tool, "run", "--rm", "--network", "none", *query])
    packages = []
    for status, name, version, architecture in (line.split("\t") for line in listed.splitlines()):
        if status == "installed":
            purl = f"pkg:deb/debian/{name.partition(':')[0]}@{version.replace('+', '%2B')}?arch={architecture}"
            packages.append(_component("library", name.partition(":")[0], version, purl))
    return packages


def _component(kind: str, name: str, version: str, purl: str) -> dict[str, Any]:
    return {"type": kind, "bom-ref": purl, "name": name, "version": version, "purl": purl}
