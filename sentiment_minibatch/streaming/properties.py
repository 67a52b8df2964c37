"""The properties of the Flink application, as Managed Service for Apache Flink hands them over: groups of strings."""

from __future__ import annotations

import json
from pathlib import Path

SERVICE_FILE = Path("/etc/flink/application_properties.json")

Properties = dict[str, dict[str, str]]


class PropertyError(ValueError):
    """A property group that is missing or cannot be read; the message names it and the file."""


def read_properties(path: Path) -> Properties:
    """Return the groups of an application_properties.json by their names. Raises `PropertyError`."""
    try:
        groups = json.loads(path.read_text(encoding="utf-8"))
        return {group["PropertyGroupId"]: dict(group["PropertyMap"]) for group in groups}
    except FileNotFoundError:
        raise PropertyError(f"{path} does not exist; name a file of property groups") from None
    except (ValueError, KeyError, TypeError) as error:
        raise PropertyError(f"{path} holds no property groups: {error}") from None


def group(properties: Properties, name: str) -> dict[str, str]:
    """Return one group. Raises `PropertyError` naming it where it is missing."""
    if name not in properties:
        raise PropertyError(
            f"the property group {name} is missing; there are: {', '.join(sorted(properties)) or 'none'}"
        )
    return properties[name]
