"""The Flink job as a process of its own, in the environment that has PyFlink, on a mini cluster."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from common.errors import ApplicationError, ConfigurationError
from sentiment_minibatch.streaming.properties import Properties

REPOSITORY = Path(__file__).parents[2]
PYTHON = REPOSITORY / ".venv-streaming" / "bin" / "python"
JAR = REPOSITORY / "build" / "pyflink-dependencies.jar"
_JAVA = 17
_LAST_LINES = 5


def check_java() -> None:
    """Raise `ConfigurationError` unless Java 17 or newer is there."""
    home, path = os.environ.get("JAVA_HOME"), os.environ.get("PATH", "")
    java = shutil.which("java", path=f"{home}/bin{os.pathsep}{path}" if home else path)
    told = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr if java else ""
    version = re.search(r'version "(\d+)', told)
    if version is None or int(version[1]) < _JAVA:
        found = f"found {told.splitlines()[0]}" if version else "found none"
        raise ConfigurationError(
            f"Flink needs Java {_JAVA} or newer ({found}); install it (Debian: openjdk-17-jre-headless) "
            "or set JAVA_HOME"
        )


def write_configuration(directory: Path, properties: Properties, settings: Mapping[str, str]) -> list[Path]:
    """Write the two files that are the job's arguments; the settings are what the service would set itself."""
    groups = [{"PropertyGroupId": name, "PropertyMap": options} for name, options in properties.items()]
    own = {"parallelism.default": "1", "pipeline.jars": JAR.as_uri(), **settings}
    files = [directory / "application_properties.json", directory / "flink.json"]
    for file, content in zip(files, (groups, own), strict=True):
        file.write_text(json.dumps(content, indent=2), encoding="utf-8")
    return files


class FlinkProcess:
    """A run of the job with property groups and Flink's own settings; leaving its context ends it.

    Raises `ConfigurationError` if Java, PyFlink or the operator's jar is missing.
    """

    def __init__(self, directory: Path, properties: Properties, settings: Mapping[str, str] | None = None) -> None:
        check_java()
        if not PYTHON.exists():
            raise ConfigurationError("the environment of the Flink job is missing; run `make install-streaming`")
        if not JAR.exists():
            raise ConfigurationError(f"the jar of the Flink job is missing; run `make {JAR.relative_to(REPOSITORY)}`")
        directory.mkdir(parents=True, exist_ok=True)
        files = write_configuration(directory, properties, settings or {})
        self.log = directory / "flink.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [PYTHON, "-m", "sentiment_minibatch.streaming.job", *files],
                cwd=directory,
                env={**os.environ, "PYTHONPATH": str(REPOSITORY), "CBOR_ENABLED": "false"},  # moto reads no CBOR
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def __enter__(self) -> FlinkProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def wait(self, timeout_seconds: float | None = None) -> None:
        """Wait for the job to end by itself. Raises `ApplicationError` with the log's last lines if it failed."""
        if self.process.wait(timeout_seconds) != 0:
            raise ApplicationError(f"the Flink job failed; {self.log} ends with:\n{self._last_lines()}")

    def check(self) -> None:
        """Raise `ApplicationError` if the job has ended, for a job that should go on."""
        if self.process.poll() is not None:
            raise ApplicationError(f"the Flink job has ended; {self.log} ends with:\n{self._last_lines()}")

    def kill(self) -> None:
        """Kill the job at once, with its Java process and its Python workers, as a machine's failure would."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def _last_lines(self) -> str:
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LAST_LINES:])
