"""Lambda as it runs a zip: unpacked with the archive's modes, as a user who owns none of it, without our environment.

https://docs.aws.amazon.com/lambda/latest/dg/python-package.html ("Lambda uses POSIX file permissions") and
https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html. The interpreter is the runtime's where this machine
has one that everybody may run, else Debian's; boto3 is there, as it is in Lambda. No memory limit, no timeout.
"""

from __future__ import annotations

import importlib
import json
import os
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

_PROVIDED = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3")
_INVOKE = """
import importlib, json, sys
module, _, function = sys.argv[1].rpartition(".")
print(json.dumps(getattr(importlib.import_module(module), function)(json.load(sys.stdin), None)))
"""
_NOBODY = 65534


class LambdaRuntime:
    """Runs the function of a zip in `directory`, which everybody may enter."""

    def __init__(self, archive: Path, directory: Path, runtime: str) -> None:
        self._task, self._provided = directory / "task", directory / "provided"
        self.interpreter = _interpreter(runtime)
        _unpack(archive, self._task)
        self._provided.mkdir()
        for name in _PROVIDED:  # copied, for where this checkout lies the user may not look
            found = Path(str(importlib.import_module(name).__file__))
            if found.name == "__init__.py":
                shutil.copytree(found.parent, self._provided / name, ignore=_needless)
            else:
                shutil.copy(found, self._provided)

    def invoke(self, handler: str, event: dict[str, Any], environment: dict[str, str]) -> Any:
        """Return what the handler answers; raises `AssertionError` with what the process said if it fails."""
        done = subprocess.run(
            [self.interpreter, "-S", "-c", _INVOKE, handler],  # -S: no packages of the machine's
            input=json.dumps(event),
            capture_output=True,
            text=True,
            cwd=self._task,
            env={"PYTHONPATH": f"{self._task}:{self._provided}", "PYTHONDONTWRITEBYTECODE": "1", **environment},
            **_as_nobody(),
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


def unreadable(archive: Path) -> list[str]:
    """Return the names in a zip that a user who does not own them could not read."""
    entries = zipfile.ZipFile(archive).infolist()
    return [entry.filename for entry in entries if not (entry.external_attr >> 16) & 0o004]


def _needless(folder: str, names: list[str]) -> list[str]:
    """Of botocore's four hundred services the function needs two."""
    if not folder.endswith("botocore/data"):
        return ["__pycache__"]
    return [name for name in names if Path(folder, name).is_dir() and name not in {"kinesis", "sqs"}]


def _unpack(archive: Path, target: Path) -> None:
    """As unzip does, and unlike `ZipFile.extractall`, with the modes that the archive says."""
    with zipfile.ZipFile(archive) as opened:
        for entry in opened.infolist():
            path = target / entry.filename
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(opened.read(entry))
            path.chmod((entry.external_attr >> 16) & 0o777)


def _interpreter(runtime: str) -> str:
    candidates = [shutil.which(runtime), f"/usr/bin/{runtime}", "/usr/bin/python3", "/usr/local/bin/python3"]
    for candidate in filter(None, candidates):
        try:
            subprocess.run([candidate, "-V"], capture_output=True, check=True, **_as_nobody())
        except (OSError, subprocess.CalledProcessError):
            continue
        return candidate
    raise AssertionError(f"no interpreter that everybody may run: {candidates}")


def _as_nobody() -> dict[str, Any]:
    """Only root can become another user; for anybody else `unreadable` alone looks at the modes."""
    return {"user": _NOBODY, "group": _NOBODY, "extra_groups": []} if os.getuid() == 0 else {}
