"""`make mutants`: changes important lines, one at a time, and says which changes no test notices.

Cosmic Ray (cosmic-ray.readthedocs.io) makes the changes of Python; those of SQL, and some that nobody may make again,
stand in mutants.toml, with which tests are about which modules, and which survivors are known, each with its reason.
All of it happens in a copy of the tree. Of each module MUTANTS (3) changes are tried, or all.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import time
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from tests.mutants.changes import Change, is_there, listed, some_of

ROOT = Path(__file__).parents[2]
COPY = ROOT / "build" / "mutants"
KERNELS = COPY / "build" / "kernels"
PYTHON = f"{ROOT}/.venv/bin/python"
SHARE_THAT_MAY_SURVIVE = 0.1
_MOST_SECONDS = 300.0  # for the unchanged code; a change has some times what that took
_HOLD_POSTGRES = "import sys; from common.postgres import *; embedded_database_url(Path(sys.argv[1])); print(); input()"


def main() -> int:
    """Try the changes, of the files named as arguments or of all, and return the exit code."""
    config = tomllib.loads(Path(__file__).with_name("mutants.toml").read_text())
    _copy_tree()
    os.chdir(COPY)
    os.environ |= {"NUMBA_CACHE_DIR": str(KERNELS), "TEST_POSTGRES_DIRECTORY": str(COPY / "build" / "postgres")}
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    known = [one for one in config.get("survivor", []) if _wanted(one["file"])]
    tried, survivors = 0, list[Change]()
    with _postgres():
        for tests, changes in _by_tests(config).items():
            with _Trials(tests) as trials:
                for change in changes:
                    tried += 1
                    if trials.pass_with(change):
                        survivors.append(change)
                        print(f"\n{change.difference}\n  {_reason(change, known) or 'NO REASON'}", flush=True)
                    else:
                        print(".", end="", flush=True)
                        for one in filter(change.is_told_by, known):
                            one["noticed"] = "yes"
    excused = [change for change in survivors if _reason(change, known)]
    stale = [one for one in known if "noticed" in one or not is_there(one)]
    for one in stale:
        print(f"\n{one['file']}: a survivor that is none: {one['from']} -> {one['to']}")
    share = len(survivors) / max(tried, 1)
    print(f"\n{tried} mutants, {len(survivors)} survived ({share:.1%}), {len(excused)} of them for a reason")
    too_many = share > SHARE_THAT_MAY_SURVIVE and not sys.argv[1:]  # of one module's three, one may be excused
    return int(bool(stale) or len(excused) < len(survivors) or too_many)


def _by_tests(config: dict[str, Any]) -> dict[str, list[Change]]:
    """Return the changes that are tried, by the tests that must notice."""
    most = os.environ.get("MUTANTS", "3")
    found: dict[str, list[Change]] = defaultdict(list)
    for told in filter(lambda told: _wanted(told["file"]), config["change"]):
        found[told["tests"]].append(listed(told))
    for group in config["group"]:
        for file in filter(_wanted, group["modules"]):
            found[group["tests"]] += some_of(file, None if most == "all" else int(most))
    return found


def _wanted(file: str) -> bool:
    return not sys.argv[1:] or file.startswith(tuple(sys.argv[1:]))


def _reason(change: Change, known: list[dict[str, str]]) -> str | None:
    return next((one["reason"] for one in known if change.is_told_by(one)), None)


class _Trials:
    """Runs the same tests for one change after the other."""

    def __init__(self, tests: str) -> None:
        self._tests, self._count = tests, 0
        command = [
            PYTHON,
            "-m",
            "tests.mutants.trials",
            "-m",
            "not (slow or flink or images or cluster)",
            *shlex.split(tests),
        ]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> _Trials:
        begun = time.monotonic()
        if self._run(_MOST_SECONDS) != "passed":
            sys.exit(f"{Path('build/trial.log').read_text()[-3000:]}\nwithout any change: {self._tests}")
        self._seconds = 5 + 3 * (time.monotonic() - begun)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def pass_with(self, change: Change) -> bool:
        """Tell whether no test notices a change."""
        path = Path(change.file)
        text, kept = path.read_text(), path.stat().st_mtime_ns
        self._count += 1
        path.write_text(change.text)
        # What Python and Numba have compiled is known by a file's time: that of each change is another.
        os.utime(path, ns=(kept, kept + self._count * 2_000_000_000))
        try:
            with _kernels_compiled_anew() if _is_compiled(change.file) else nullcontext():
                return self._run(self._seconds) == "passed"
        finally:
            path.write_text(text)
            os.utime(path, ns=(kept, kept))

    def _run(self, seconds: float) -> str:
        assert self._process.stdin
        assert self._process.stdout
        print(seconds, file=self._process.stdin, flush=True)
        return self._process.stdout.readline().strip()


@contextmanager
def _kernels_compiled_anew() -> Iterator[None]:
    """Let nothing be used that was compiled before: Numba looks at a function's own file, not at those it inlines."""
    aside = KERNELS.with_name("kept-kernels")
    if KERNELS.exists():
        KERNELS.rename(aside)
    try:
        yield
    finally:
        shutil.rmtree(KERNELS, ignore_errors=True)
        if aside.exists():
            aside.rename(KERNELS)


def _is_compiled(file: str) -> bool:
    """Tell whether Numba compiles something of a module, be it a number that a kernel takes from it."""
    kernels = {str(path): path.read_text() for path in Path("recs_batch/graph").glob("*.py")}
    kernels = {path: text for path, text in kernels.items() if "import njit" in text}
    constants = re.compile(
        rf"^from {file.removesuffix('.py').replace('/', '.')} import .*\b[A-Z_]{{2,}}\b", re.MULTILINE
    )
    return file in kernels or any(map(constants.search, kernels.values()))


@contextmanager
def _postgres() -> Iterator[None]:
    """Keep a PostgreSQL running that the tests of all changes use."""
    command = [PYTHON, "-c", _HOLD_POSTGRES, os.environ["TEST_POSTGRES_DIRECTORY"]]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as held:
        assert held.stdin
        assert held.stdout
        held.stdout.readline()
        try:
            yield
        finally:
            print(file=held.stdin, flush=True)


def _copy_tree() -> None:
    """Copy what git knows or would: nobody's work is changed."""
    shutil.rmtree(COPY, ignore_errors=True)
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (COPY / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, COPY / name)


if __name__ == "__main__":
    sys.exit(main())
