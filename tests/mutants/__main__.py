"""`make mutants`: changes important lines, one at a time, and says which changes no test notices.

Cosmic Ray (cosmic-ray.readthedocs.io) makes the changes of Python; those of SQL, and some that nobody may make again,
stand in mutants.toml, with what tests a file and which survivors are known, each with its reason. All of it happens in
a copy of the tree. Of each module only some mutants are tried, the same ones every time, unless MUTANTS=all is set.
"""

from __future__ import annotations

import os
import random
import resource
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from cosmic_ray.commands import init
from cosmic_ray.mutating import mutate_and_test
from cosmic_ray.testing import run_tests
from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import TestOutcome, WorkItem

ROOT = Path(__file__).parents[2]
COPY = ROOT / "build" / "mutants"
SHARE_THAT_MAY_SURVIVE = 0.1
SECONDS = 180.0  # for the tests of one mutant
MEMORY_BYTES = 8 << 30  # of address space, for a mutant may want any amount
# They change what is said about types, and nothing that runs; or they are a matter of taste.
UNTRIED = ("core/ReplaceBinaryOperator_BitOr", "core/ReplaceUnaryOperator_Delete_Not", "core/ExceptionReplacer")


class Survivor(NamedTuple):
    """A change that no test noticed."""

    file: str
    line: str  # as it was changed
    difference: str


def main() -> int:
    """Try the mutants, of the files named as arguments or of all, and return the exit code."""
    config = tomllib.loads(Path(__file__).with_name("mutants.toml").read_text())
    _copy_tree()
    os.chdir(COPY)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, resource.getrlimit(resource.RLIMIT_AS)[1]))
    tried, survivors = 0, list[Survivor]()
    for found in chain(_changes(config["change"]), _mutants(config["modules"])):
        tried += 1
        print("s" if found else ".", end="", flush=True)
        survivors += [found] if found else []
    print(f"\n{tried} mutants, {len(survivors)} survived ({len(survivors) / max(tried, 1):.0%})")
    unexplained = [survivor for survivor in survivors if _reason(survivor, config) is None]
    for survivor in survivors:
        print(f"\n{survivor.difference}\n  {_reason(survivor, config) or 'NO REASON: test it, or say why not'}")
    return int(bool(unexplained) or len(survivors) > SHARE_THAT_MAY_SURVIVE * tried)


def _wanted(file: str) -> bool:
    return not sys.argv[1:] or file in sys.argv[1:]


def _changes(changes: list[dict[str, str]]) -> Iterator[Survivor | None]:
    """Make the changes that are listed."""
    for change in changes:
        if not _wanted(change["file"]):
            continue
        path = Path(change["file"])
        text = path.read_text()
        if text.count(change["from"]) != 1:
            sys.exit(f"{path} has not once: {change['from']}")
        path.write_text(text.replace(change["from"], change["to"]))
        outcome, _ = run_tests(_command(change["tests"]), SECONDS)
        path.write_text(text)
        difference = f"{path}\n-{change['from']}\n+{change['to']}"
        yield Survivor(str(path), change["to"], difference) if outcome == TestOutcome.SURVIVED else None


def _mutants(modules: dict[str, Any]) -> Iterator[Survivor | None]:
    """Let Cosmic Ray mutate the modules."""
    for file, tests in modules.items():
        if not _wanted(file):
            continue
        chosen = _chosen(file)
        if chosen and run_tests(_command(tests), SECONDS)[0] != TestOutcome.SURVIVED:
            sys.exit(f"{file}: its tests fail without any change: {tests}")
        for item in chosen:
            result = mutate_and_test(item.mutations, _command(tests), SECONDS)
            difference = str(result.diff)
            changed = [line[1:].strip() for line in difference.splitlines() if line[:1] == "+" and line[:3] != "+++"]
            yield Survivor(file, " ".join(changed), difference) if result.test_outcome == TestOutcome.SURVIVED else None


def _chosen(file: str) -> list[WorkItem]:
    """Return the mutants of a module that are tried."""
    with use_db(":memory:", WorkDB.Mode.create) as database:
        init([Path(file)], database, {})
        found = [item for item in database.work_items if not item.mutations[0].operator_name.startswith(UNTRIED)]
    found.sort(key=lambda item: (item.mutations[0].start_pos, item.mutations[0].operator_name))
    count = len(found) if os.environ.get("MUTANTS") == "all" else int(os.environ.get("MUTANTS", "5"))
    return random.Random(file).sample(found, min(count, len(found)))


def _command(tests: str) -> str:
    return f"{ROOT}/.venv/bin/python -B -m pytest -q -x -n 0 -p no:cacheprovider -m 'not slow' {tests}"


def _reason(survivor: Survivor, config: dict[str, Any]) -> str | None:
    known = (one for one in config.get("survivor", []) if one["file"] == survivor.file and one["line"] in survivor.line)
    return next((str(one["reason"]) for one in known), None)


def _copy_tree() -> None:
    """Copy what git knows or would: nobody's work is changed, and no compiled module is left over."""
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
