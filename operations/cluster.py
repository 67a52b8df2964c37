"""A cluster's API, spoken to through kubectl: who we are and how to get there is its business, objects stay JSON."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from common.errors import ApplicationError, ConfigurationError, UnavailableError
from operations.commands import CommandError, run

Object = dict[str, Any]
_REFUSED = re.compile(r"Error from server(?: \((?P<reason>\w+)\))?: (?P<message>.*)")
# What kubectl says when it has no address at all; the last is where it then looks.
_NO_CLUSTER = ("context", "configuration", "no such file", "localhost:8080")


class ClusterError(ApplicationError):
    """The cluster answered, with an error; `reason` is its own word for it, such as NotFound."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(f"the cluster answered {reason}: {message}")
        self.reason = reason


class Cluster:
    """The cluster of kubectl's current (or another) context.

    Every method raises `ClusterError` if the cluster refuses, `UnavailableError` if it cannot be reached,
    `ConfigurationError` if kubectl knows of none.
    """

    def __init__(self, context: str | None = None) -> None:
        self._context = ["--context", context] if context else []

    def server(self) -> str:
        """Return the address of its API."""
        return self._ask("config", "view", "--minify", "--output=jsonpath={.clusters[0].cluster.server}")

    def get(self, path: str, **query: str) -> Object:
        """Return the object, or the list of them, at a path such as /api/v1/namespaces/default/pods."""
        found: Object = json.loads(self._ask("get", "--raw", _address(path, query)))
        return found

    def create(self, path: str, manifest: Object) -> Object:
        """Make an object and return it as the cluster keeps it."""
        made: Object = json.loads(self._ask("create", "--raw", path, "--filename=-", stdin=json.dumps(manifest)))
        return made

    def delete(self, path: str, **query: str) -> None:
        """Delete the object at a path."""
        self._ask("delete", "--raw", _address(path, query))

    def lines(self, path: str, **query: str) -> Iterator[str]:
        """Yield the lines of a text, such as a log, as they come."""
        command = ["kubectl", "get", "--raw", _address(path, query), *self._context]
        with (
            tempfile.TemporaryFile("w+", errors="replace") as said,
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said) as reading,
        ):
            try:
                for line in reading.stdout or ():
                    yield line.decode(errors="replace").rstrip("\n")
            except BaseException:  # whoever reads has left: a log that is followed may not end by itself
                reading.kill()
                raise
            if reading.wait():
                said.seek(0)
                raise _error(said.read().strip())

    def _ask(self, *arguments: str, stdin: str | None = None) -> str:
        try:
            return run(["kubectl", *arguments, *self._context], stdin=stdin)
        except CommandError as error:
            raise _error(error.said) from None


def _address(path: str, query: dict[str, str]) -> str:
    return f"{path}?{urlencode(query)}" if query else path


def _error(said: str) -> ApplicationError:
    """Return what kubectl said as one of our errors."""
    first, *_, last = said.splitlines() * 2 or ["", ""]
    if refused := _REFUSED.search(last):
        return ClusterError(refused["reason"] or "with an error", refused["message"])
    if " is invalid: " in first:
        return ClusterError("Invalid", first)
    if "must be logged in" in last:
        return ClusterError("Unauthorized", last.removeprefix("error: "))
    if any(word in last for word in _NO_CLUSTER):
        return ConfigurationError(f"no cluster to talk to: {last.removeprefix('error: ')}")
    return UnavailableError(f"cannot reach the cluster: {last.removeprefix('error: ')}")
