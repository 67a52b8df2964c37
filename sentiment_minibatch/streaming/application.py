"""The zip files that AWS runs.

Managed Service for Apache Flink takes main.py, one jar in lib/ (our operator and its connectors) and our modules in
dep/; Lambda takes the modules of the preprocessing function.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

RUN_OPTIONS = {"python": "main.py", "jarfile": "lib/pyflink-dependencies.jar", "pyFiles": "dep/"}
_APPLICATION = (
    "__init__.py",
    "streaming/__init__.py",
    "streaming/job.py",
    "streaming/properties.py",
    "streaming/sql/*.sql",
)
_FUNCTION = (
    "__init__.py",
    "delivered_json.py",
    "scores.py",
    "scoring/__init__.py",
    "scoring/artifact.py",
    "scoring/shipped/model.json",
    "scoring/features.py",
    "scoring/lexicon.py",
    "scoring/message.py",
    "scoring/message_json.py",
    "scoring/scorer.py",
    "scoring/text.py",
    "streaming/__init__.py",
    "streaming/destinations.py",
    "streaming/preprocess.py",
    "streaming/records.py",
    "../common/__init__.py",
    "../common/errors.py",
)
_MAIN = """\"\"\"The entry point of the Flink application.\"\"\"

from sentiment_minibatch.streaming.job import main

if __name__ == "__main__":
    main()
"""
_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the same content makes the same bytes
# Lambda and Flink unpack with the modes of the archive and run as another user: a file must be readable by all.
# https://docs.aws.amazon.com/lambda/latest/dg/python-package.html
_READABLE = 0o100644 << 16


def package_application(jar: Path, out: Path) -> None:
    """Write the Flink application with its jar. The property group of its start is `RUN_OPTIONS`."""
    modules = {f"dep/{name}": content for name, content in _modules(_APPLICATION).items()}
    _write(out, {"main.py": _MAIN.encode(), "lib/pyflink-dependencies.jar": jar.read_bytes(), **modules})


def package_function(out: Path) -> None:
    """Write the Lambda function; its handler is sentiment_minibatch.streaming.preprocess.handler."""
    _write(out, _modules(_FUNCTION))


def _modules(patterns: Iterable[str]) -> dict[str, bytes]:
    package = Path(__file__).parents[1]
    files = [file.resolve() for pattern in patterns for file in package.glob(pattern)]
    return {str(file.relative_to(package.parent)): file.read_bytes() for file in files}


def _write(out: Path, files: Mapping[str, bytes]) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(files.items()):
            archive.writestr(_entry(name), content, zipfile.ZIP_DEFLATED)


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _LONG_AGO)
    entry.create_system, entry.external_attr = 3, _READABLE  # 3: Unix, which the modes are of
    return entry
